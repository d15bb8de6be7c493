//! Scripted provider that every client is measured against: one thread, raw TCP, responses built before the requests.
//!
//! It parses nothing of a request beyond where it ends and which case its path names, so that on a core of its own
//! it is never what a client waits for. The first path segment is the case, the last one chooses the wire format
//! (`messages` is Anthropic's, everything else OpenAI's); `README.md` one directory up lists the cases.
//! It prints its port on standard output and ends when its standard input does.
//!
//! The runtime is smol for its timers: tokio's tick each millisecond, which would bunch the streams together.

mod answers;
mod request;

use std::io::{self, Read};
use std::rc::Rc;
use std::time::{Duration, Instant};

use answers::{Answers, Wire};
use event_listener::Event;
use request::{Case, Request};
use smol::io::AsyncWriteExt;
use smol::net::{TcpListener, TcpStream};
use smol::stream::StreamExt;
use smol::{LocalExecutor, Timer};
use std::cell::Cell;

/// What all connections share.
struct Upstream {
    openai: Answers,
    anthropic: Answers,
    /// How many paced streams were started: it spreads their phases over the period.
    started: Cell<u32>,
    /// `/release` notifies it; every held stream finishes then.
    release: Event,
}

fn main() -> io::Result<()> {
    std::thread::spawn(|| {
        io::stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    let executor = LocalExecutor::new();
    smol::block_on(executor.run(accept(&executor)))
}

async fn accept(executor: &LocalExecutor<'_>) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    let upstream = Rc::new(Upstream {
        openai: Answers::new(Wire::OpenAi),
        anthropic: Answers::new(Wire::Anthropic),
        started: Cell::new(0),
        release: Event::new(),
    });
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        let upstream = Rc::clone(&upstream);
        // A client that goes away is expected: measuring goes on without it.
        executor.spawn(async move { serve(connection, &upstream).await.ok() }).detach();
    }
}

async fn serve(mut connection: TcpStream, upstream: &Upstream) -> io::Result<()> {
    let mut unread = Vec::new();
    while let Some(request) = Request::read(&mut connection, &mut unread).await? {
        let answers = if request.anthropic { &upstream.anthropic } else { &upstream.openai };
        match request.case {
            Case::Plain => connection.write_all(&answers.plain).await?,
            Case::Burst { chunks } => connection.write_all(&answers.burst(chunks)).await?,
            Case::Paced { chunks, period } => {
                paced(&mut connection, upstream, answers, chunks, period).await?
            }
            Case::Held => held(&mut connection, upstream, answers).await?,
            Case::Release => {
                upstream.release.notify(usize::MAX);
                connection.write_all(answers::NO_CONTENT).await?;
            }
            Case::Unknown => connection.write_all(answers::NOT_FOUND).await?,
        }
    }
    Ok(())
}

/// One chunk per period, each with the time it was written in its text.
async fn paced(
    connection: &mut TcpStream,
    upstream: &Upstream,
    answers: &Answers,
    chunks: usize,
    period: Duration,
) -> io::Result<()> {
    connection.write_all(&answers.stream_head).await?;
    let number = upstream.started.get();
    upstream.started.set(number.wrapping_add(1));
    // Multiples of the golden ratio spread any number of streams evenly over the period.
    let phase = (f64::from(number) * 0.618_033_988_75).fract();
    // Ticks that were missed come at once afterwards, as a provider would catch up.
    let mut ticks = Timer::interval_at(Instant::now() + period.mul_f64(phase), period).take(chunks);
    let mut chunk = answers.stamped();
    while ticks.next().await.is_some() {
        connection.write_all(chunk.now()).await?;
    }
    connection.write_all(&answers.stream_tail).await
}

/// One chunk at once, and a second one and the end when `/release` is asked for.
async fn held(connection: &mut TcpStream, upstream: &Upstream, answers: &Answers) -> io::Result<()> {
    let released = upstream.release.listen();
    let mut chunk = answers.stamped();
    connection.write_all(&answers.stream_head).await?;
    connection.write_all(chunk.now()).await?;
    released.await;
    connection.write_all(chunk.now()).await?;
    connection.write_all(&answers.stream_tail).await
}
