//! Backends, providers that are not servers: programs, and users' functions.

use crate::support::{bounded, call, drain, engine, text_of, texts_of};
use bytes::Bytes;
use ferrule_engine::{
    Backend, BackendRequest, Call, CallOptions, ChunkSender, Engine, Failure, ProcessBackend,
    ProviderSettings, Secret, TimeoutKind, Timeouts,
};
use ferrule_wire::{
    dialect::CommandLine,
    model::{ErrorKind, ProviderError},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

fn with(backend: impl Backend + 'static) -> Engine {
    let mut settings = ProviderSettings::new("test", "tiny", "");
    settings.api_key = Some(Secret::from("sesame"));
    settings.backend = Some(Arc::new(backend));
    engine(settings)
}

/// A shell that runs `script`; the prompt is on its standard input.
fn shell(script: &str) -> ProcessBackend {
    ProcessBackend {
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        key_variable: Some("SECRET"),
        variables: &["CARGO_PKG_*"],
        command_line: |body| CommandLine { arguments: Vec::new(), input: body.to_vec() },
        is_last: |line| line == b"done",
    }
}

#[cfg(unix)]
fn is_alive(pid: &str) -> bool {
    // A zombie counts as dead.
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

async fn until(condition: impl Fn() -> bool) {
    bounded(async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_program_reads_the_prompt_and_its_lines_are_the_answer() {
    let engine = with(shell("read -r prompt; echo \"text $prompt\"; echo text $SECRET; echo done"));
    let mut opened = bounded(engine.stream(call())).await.unwrap();
    let (events, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(texts_of(&events), "small streamsesame");
    let reply = bounded(with(shell("cat")).complete(call())).await.unwrap();
    assert_eq!(text_of(&reply.response), "small plain");
}

#[tokio::test]
async fn a_failing_program_says_why_and_a_missing_one_is_named() {
    let failing = with(shell("echo You are not logged in >&2; exit 3"));
    let error = bounded(failing.stream(call())).await.unwrap_err();
    let Failure::Provider(provider) = &error.failure else { panic!("{error}") };
    assert_eq!(provider.kind, ErrorKind::Authentication);
    assert!(provider.message.contains("exit status: 3") && provider.message.contains("not logged in"));

    let mut absent = shell("");
    absent.command = vec!["no-such-program".into()];
    let mut call = call();
    call.options.max_retries = Some(0);
    let error = bounded(with(absent).complete(call)).await.unwrap_err();
    assert!(matches!(&error.failure, Failure::Connect(text) if text.contains("no-such-program")), "{error}");
}

#[tokio::test]
async fn a_program_that_ends_early_is_an_interruption() {
    let mut opened = bounded(with(shell("echo text a")).stream(call())).await.unwrap();
    let (events, error) = bounded(drain(&mut opened)).await;
    assert_eq!(texts_of(&events), "a");
    assert!(matches!(error.unwrap().failure, Failure::Interrupted(_)));
}

#[cfg(unix)]
#[tokio::test]
async fn dropping_the_call_kills_the_program_and_its_children() {
    let folder = crate::support::folder::Folder::new();
    let note = Path::new(folder.path()).join("pids");
    let script = format!("sleep 60 & echo $! $$ > {}; echo text a; wait", note.display());
    let opened = bounded(with(shell(&script)).stream(call())).await.unwrap();
    let pids = std::fs::read_to_string(&note).unwrap();
    let pids: Vec<&str> = pids.split_whitespace().collect();
    assert!(pids.iter().all(|pid| is_alive(pid)));
    drop(opened);
    until(|| !pids.iter().any(|pid| is_alive(pid))).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_lingering_or_silent_program_is_killed() {
    let folder = crate::support::folder::Folder::new();
    let note = Path::new(folder.path()).join("pid");
    let script = format!("echo $$ > {}; echo text a; echo done; exec sleep 60", note.display());
    let mut opened = bounded(with(shell(&script)).stream(call())).await.unwrap();
    let (_, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none(), "{error:?}");
    let pid = std::fs::read_to_string(&note).unwrap();
    until(|| !is_alive(pid.trim())).await;

    let script = format!("echo $$ > {}; exec sleep 60", note.display());
    let mut silent = call();
    silent.options.timeouts = Timeouts { total: Some(Duration::from_millis(300)), ..Timeouts::default() };
    let error = bounded(with(shell(&script)).complete(silent)).await.unwrap_err();
    assert!(
        matches!(error.failure, Failure::Timeout(expired) if expired.kind == TimeoutKind::Total),
        "{error}"
    );
    let pid = std::fs::read_to_string(&note).unwrap();
    until(|| !is_alive(pid.trim())).await;
}

/// Fails the given number of times, then answers with the model's name and the context.
#[derive(Debug)]
struct Function {
    failures: AtomicU32,
}

impl Backend for Function {
    fn begin(&self, request: BackendRequest, sender: ChunkSender) -> Result<(), Failure> {
        let left = self.failures.load(Ordering::Relaxed);
        if left > 0 {
            self.failures.store(left - 1, Ordering::Relaxed);
            let mut error = ProviderError::new(ErrorKind::Overloaded, "busy");
            error.retry_after = Some(ferrule_wire::model::RetryAfter {
                delay: Duration::from_millis(1),
                source: ferrule_wire::model::DelaySource::Body,
            });
            return Err(Failure::Provider(Box::new(error)));
        }
        let who = request.context.and_then(|context| context.downcast_ref::<String>().cloned());
        let text = format!("text {} {}\ndone\n", request.model, who.unwrap_or_default());
        let text = if request.stream { text } else { text.replace("text ", "").replace("\ndone\n", "") };
        tokio::spawn(async move { sender.send(Ok(Bytes::from(text))).await });
        Ok(())
    }
}

#[tokio::test]
async fn a_function_is_retried_and_receives_the_context() {
    let asked = || Call {
        options: CallOptions { context: Some(Arc::new("me".to_owned())), ..CallOptions::default() },
        ..call()
    };
    let engine = with(Function { failures: AtomicU32::new(2) });
    let reply = bounded(engine.complete(asked())).await.unwrap();
    assert_eq!(text_of(&reply.response), "small me");
    assert_eq!(reply.attempts.len(), 3);
    let mut opened = bounded(engine.stream(asked())).await.unwrap();
    let (events, _) = bounded(drain(&mut opened)).await;
    assert_eq!(texts_of(&events), "small me");
}

/// A program gets the variables that it needs, and none of this process's keys.
#[tokio::test]
async fn a_program_gets_only_the_variables_that_it_needs() {
    // Cargo also sets `CARGO_MANIFEST_DIR` for tests, which the program does not need.
    let script = r#"cat >/dev/null; echo "text ${PATH:+path} ${HOME:+home} $CARGO_PKG_NAME [$CARGO_MANIFEST_DIR] $SECRET"; echo done"#;
    let mut opened = bounded(with(shell(script)).stream(call())).await.unwrap();
    let (events, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none(), "{error:?}");
    let said = format!("{events:?}");
    assert!(said.contains("path home ferrule-engine [] sesame"), "{said}");
}
