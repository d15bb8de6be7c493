//! The engine against servers on loopback sockets. One program, so that it is linked once.

#[cfg(test)]
mod amazon;
#[cfg(test)]
mod authorisation;
#[cfg(test)]
mod backends;
#[cfg(test)]
mod beside;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod clouds;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod encrypted;
#[cfg(test)]
mod fallback;
#[cfg(test)]
mod follow;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod renewal;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod signers;
#[cfg(test)]
mod support;
