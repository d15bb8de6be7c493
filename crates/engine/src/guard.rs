//! Guard of child processes: ends the programs that we started if we are killed.
//!
//! A shell waits on a pipe held open by this process alone: the system closes it, however we end. The shell is sent the
//! existing process groups, one per line; at the end of the pipe it ends those that are left, and itself. It runs while
//! there are groups. Linux's parent-death signal is tied to the *thread* that started a program, reaches that program
//! alone, and needs `unsafe` code. On Windows there is no guard.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    process::{Child, ChildStdin},
    sync::{Mutex, PoisonError},
};

/// A program gets two seconds to exit. Signals to our own group, such as the keyboard's, do not reach the shell: it
/// would exit before us.
#[cfg(unix)]
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
groups=' '
while read -r sign group; do
    case $sign in
        +) groups="$groups$group " ;;
        -) case $groups in *" $group "*) groups="${groups%% $group *} ${groups#* $group }" ;; esac ;;
    esac
done
[ "$groups" = ' ' ] && exit
for group in $groups; do kill -s TERM -- "-$group"; done
sleep 2
for group in $groups; do kill -s KILL -- "-$group"; done
"#;

/// This process's guard.
static GUARD: Mutex<Guard> = Mutex::new(Guard::new());

/// Ends the process group `group` with this process, however that ends.
pub fn guard(group: u32) {
    GUARD.lock().unwrap_or_else(PoisonError::into_inner).add(group);
}

/// The process group `group` has ended, or may outlive us.
pub fn release(group: u32) {
    GUARD.lock().unwrap_or_else(PoisonError::into_inner).remove(group);
}

/// Must be called in a forked child: the parent's programs end with the parent.
pub fn forget() {
    // A thread that held the lock during the fork does not exist here. The pipe then stays open for as long as the
    // child lives.
    if let Ok(mut guard) = GUARD.try_lock() {
        *guard = Guard::new();
    }
}

/// A group that is guarded until this is dropped.
#[derive(Debug)]
pub(crate) struct Guarded(u32);

impl Guarded {
    pub(crate) fn group(group: u32) -> Self {
        guard(group);
        Self(group)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        release(self.0);
    }
}

#[derive(Debug)]
struct Guard {
    groups: BTreeSet<u32>,
    shell: Option<Shell>,
}

#[derive(Debug)]
struct Shell {
    process: Child,
    pipe: ChildStdin,
}

impl Guard {
    const fn new() -> Self {
        Self { groups: BTreeSet::new(), shell: None }
    }

    fn add(&mut self, group: u32) {
        self.groups.insert(group);
        if self.shell.is_none() || !self.write_line('+', group) {
            self.start();
        }
    }

    fn remove(&mut self, group: u32) {
        if !self.groups.remove(&group) || self.shell.is_none() {
            return;
        }
        if self.groups.is_empty() {
            self.stop();
        } else if !self.write_line('-', group) {
            self.start();
        }
    }

    /// Ends the shell. Closing the pipe is not enough, as a child of ours may hold it open.
    fn stop(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            // If it has already ended there is nothing to do.
            let _ = shell.process.kill();
            let _ = shell.process.wait();
        }
    }

    /// Whether the shell received it.
    fn write_line(&mut self, sign: char, group: u32) -> bool {
        self.shell.as_mut().is_some_and(|shell| writeln!(shell.pipe, "{sign} {group}").is_ok())
    }

    /// Starts a shell and sends it all groups.
    fn start(&mut self) {
        self.stop();
        match shell() {
            Ok(shell) => self.shell = Some(shell),
            Err(error) => {
                tracing::debug!(target: "ferrule", %error, "programs that we started outlive us if we are killed");
                return;
            }
        }
        let groups: Vec<u32> = self.groups.iter().copied().collect();
        for group in groups {
            self.write_line('+', group);
        }
    }
}

#[cfg(unix)]
fn shell() -> io::Result<Shell> {
    use std::{
        os::unix::process::CommandExt as _,
        process::{Command, Stdio},
    };

    let mut process = Command::new("/bin/sh")
        .args(["-c", SCRIPT])
        // It needs neither our keys nor our folder.
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Signals to our group should not reach it.
        .process_group(0)
        .spawn()?;
    match process.stdin.take() {
        Some(pipe) => Ok(Shell { process, pipe }),
        None => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

#[cfg(not(unix))]
fn shell() -> io::Result<Shell> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::{
        os::unix::process::{CommandExt as _, ExitStatusExt as _},
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    /// A group of a shell and its child, neither of which ends soon.
    fn sleeper(script: &str) -> Child {
        let mut command = Command::new("/bin/sh");
        let mut child = command
            .args(["-c", &format!("{script} sleep 60 & echo; wait")])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        // Its signal handlers are in place.
        io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        child
    }

    /// The signal that ended `child`; `None` if it did not end in time.
    fn ended(child: &mut Child) -> Option<i32> {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if let Some(status) = child.try_wait().unwrap() {
                return status.signal();
            }
            thread::yield_now();
        }
        None
    }

    fn end(child: &mut Child) {
        let group = rustix::process::Pid::from_child(child);
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
        assert_eq!(ended(child), Some(9));
    }

    fn shell_of(guard: &mut Guard) -> Child {
        // Our exit closes the pipe.
        let Shell { process, pipe } = guard.shell.take().unwrap();
        drop(pipe);
        process
    }

    #[test]
    fn groups_end_with_us_and_released_ones_do_not() {
        let mut guard = Guard::new();
        let mut children = [sleeper(""), sleeper(""), sleeper("")];
        let [first, released, last] = &mut children;
        for child in [&*first, &*released, &*last] {
            guard.add(child.id());
        }
        guard.remove(released.id());
        let mut shell = shell_of(&mut guard);
        assert_eq!((ended(first), ended(last)), (Some(15), Some(15)));
        // It waits for other programs to exit.
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert!(released.try_wait().unwrap().is_none());
        end(released);
    }

    #[test]
    fn a_child_that_ignores_signals_is_killed() {
        let mut guard = Guard::new();
        let mut deaf = sleeper("trap '' TERM;");
        guard.add(deaf.id());
        let mut shell = shell_of(&mut guard);
        assert_eq!(ended(&mut deaf), Some(9));
        shell.wait().unwrap();
    }

    #[test]
    fn a_terminated_guard_is_replaced() {
        let mut guard = Guard::new();
        let (mut one, mut two) = (sleeper(""), sleeper(""));
        guard.add(one.id());
        let shell = guard.shell.as_mut().unwrap();
        let first = shell.process.id();
        shell.process.kill().unwrap();
        shell.process.wait().unwrap();
        guard.add(two.id());
        assert_ne!(guard.shell.as_ref().unwrap().process.id(), first);
        let mut shell = shell_of(&mut guard);
        assert_eq!((ended(&mut one), ended(&mut two)), (Some(15), Some(15)));
        shell.kill().unwrap();
        shell.wait().unwrap();
    }

    #[test]
    fn the_guard_exits_when_no_group_is_left() {
        let mut guard = Guard::new();
        let mut child = sleeper("");
        guard.add(child.id());
        assert!(guard.shell.is_some());
        guard.remove(child.id() + 1);
        assert!(guard.shell.is_some());
        guard.remove(child.id());
        assert!(guard.shell.is_none());
        assert!(child.try_wait().unwrap().is_none());
        end(&mut child);
    }
}
