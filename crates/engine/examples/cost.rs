//! Cost of a call: CPU time of the client process per call, on loopback, for the engine and for its dependencies.
//! `cargo run --release -p ferrule-engine --example cost`
//!
//! The server is a separate process, so that its time is not counted.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]

use bytes::Bytes;
use ferrule_engine::{Call, Engine, ProviderSettings, Secret, Timeouts, TransportSettings};
use ferrule_wire::model::{Message, Part, Request, Role};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};
use tokio::{runtime::Builder, task::JoinSet};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const CALLS: usize = 20_000;
const ROUNDS: usize = 3;
const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"small","choices":[{"index":0,"message":{"role":"assistant","content":"Rayleigh scattering: short wavelengths are scattered more than long ones."},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":14,"total_tokens":26}}"#;
const ASKED: &str = r#"{"model":"small","messages":[{"role":"user","content":"Why is the sky blue?"}]}"#;

fn main() -> Outcome<()> {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve();
    }
    let mut server = Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
    let mut address = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut address)?;
    let measured = measure(address.trim());
    server.kill()?;
    measured
}

fn measure(address: &str) -> Outcome<()> {
    let began = Instant::now();
    let cold = engine("127.0.0.1:9")?;
    println!("an engine is made in {:?}", began.elapsed());
    let began = Instant::now();
    Builder::new_current_thread().enable_all().build()?.block_on(Engined(Arc::new(cold)).ask()).err();
    println!("its first connection, refused: {:?}", began.elapsed());
    let began = Instant::now();
    let cold = engine_at("https://127.0.0.1:9")?;
    Builder::new_current_thread().enable_all().build()?.block_on(Engined(Arc::new(cold)).ask()).err();
    println!("the same with TLS, certificates read: {:?}", began.elapsed());
    println!("{:<34}{:>16}{:>16}", "CPU us per call", "one at a time", "64 at once");
    for (name, threads) in
        [("current_thread", 0), ("multi_thread, 1 worker", 1), ("multi_thread, 2 workers", 2)]
    {
        let figures = best(threads, || Ok(Engined(Arc::new(engine(address)?))))?;
        println!("{:<34}{:>16.1}{:>16.1}", format!("engine, {name}"), figures[0], figures[1]);
    }
    let figures =
        best(0, || Ok(Hypered(Client::builder(TokioExecutor::new()).build_http(), address.to_owned())))?;
    println!("{:<34}{:>16.1}{:>16.1}", "hyper-util, current_thread", figures[0], figures[1]);
    Ok(())
}

trait Ask: Clone + Send + 'static {
    fn ask(&self) -> impl Future<Output = Outcome<()>> + Send;
}

fn best<A: Ask>(threads: usize, make: impl Fn() -> Outcome<A>) -> Outcome<[f64; 2]> {
    let mut best = [f64::MAX; 2];
    for _ in 0..ROUNDS {
        for (best, together) in best.iter_mut().zip([1, 64]) {
            let mut builder =
                if threads == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
            let runtime = builder.worker_threads(threads.max(1)).enable_all().build()?;
            *best = best.min(runtime.block_on(run(make()?, together))?);
        }
    }
    Ok(best)
}

async fn run<A: Ask>(asker: A, together: usize) -> Outcome<f64> {
    let work = |calls: usize| {
        let mut tasks = JoinSet::new();
        for _ in 0..together {
            let asker = asker.clone();
            tasks.spawn(async move {
                for _ in 0..calls / together {
                    asker.ask().await?;
                }
                Outcome::Ok(())
            });
        }
        tasks
    };
    work(CALLS / 10).join_all().await.into_iter().collect::<Outcome<()>>()?;
    let before = cpu_microseconds()?;
    work(CALLS).join_all().await.into_iter().collect::<Outcome<()>>()?;
    Ok((cpu_microseconds()? - before) / CALLS as f64)
}

/// The CPU time of all live threads.
fn cpu_microseconds() -> Outcome<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir("/proc/self/task")? {
        let figures = fs::read_to_string(task?.path().join("schedstat"))?;
        sum += figures.split(' ').next().ok_or("no figure")?.parse::<f64>()? / 1000.0;
    }
    Ok(sum)
}

#[derive(Clone)]
struct Engined(Arc<Engine>);

impl Ask for Engined {
    async fn ask(&self) -> Outcome<()> {
        let request = Request {
            model: "small".into(),
            messages: vec![Message::new(Role::User, vec![Part::text("Why is the sky blue?")])],
            ..Request::default()
        };
        let call = Call::new("openai/gpt-5-mini", request);
        let reply = self.0.complete(call).await?;
        (reply.response.choices.len() == 1).then_some(()).ok_or_else(|| "no answer".into())
    }
}

fn engine(address: &str) -> Outcome<Engine> {
    engine_at(&format!("http://{address}/v1"))
}

fn engine_at(base_url: &str) -> Outcome<Engine> {
    let settings = ProviderSettings {
        api_key: Some(Secret::from("sk-none")),
        ..ProviderSettings::new("openai", "openai-chat", base_url)
    };
    Ok(Engine::new(vec![settings], Timeouts::default(), 0, TransportSettings::default())?)
}

#[derive(Clone)]
struct Hypered(Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>>, String);

impl Ask for Hypered {
    async fn ask(&self) -> Outcome<()> {
        let request = http::Request::post(format!("http://{}/v1/chat/completions", self.1));
        let answer = self.0.request(request.body(Full::new(Bytes::from_static(ASKED.as_bytes())))?).await?;
        answer.into_body().collect().await?;
        Ok(())
    }
}

/// Sends the same response to every request, one thread per connection.
fn serve() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept()?;
        // A client that goes away is not a failure.
        std::thread::spawn(move || answer(&socket));
    }
}

fn answer(socket: &TcpStream) -> Outcome<()> {
    socket.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    let mut reader = BufReader::new(socket);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        (&mut &*socket).write_all(answer.as_bytes())?;
    }
}
