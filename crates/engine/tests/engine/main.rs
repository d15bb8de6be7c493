//! The engine against servers on loopback sockets. One program, so that it is linked once.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod support;
