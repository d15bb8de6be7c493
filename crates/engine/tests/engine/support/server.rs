//! A server on a loopback socket that follows a script, byte by byte.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
};

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Step {
    /// Writes this.
    Write(Vec<u8>),
    /// Writes this, with the server's port for `{port}`.
    WriteWithPort(String),
    /// Waits until the test adds a permit.
    Await(Arc<Semaphore>),
    /// Stays silent until the client is gone.
    Hang,
    /// Closes the connection.
    Close,
}

/// A request as received.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// The number of its connection, from 0.
    pub(crate) connection: usize,
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Recorded>>>,
    gone: mpsc::UnboundedReceiver<usize>,
}

impl Server {
    /// Answers the first request with the first script, and so on; the last script repeats.
    pub(crate) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (gone_sender, gone) = mpsc::unbounded_channel();
        let recorded = Arc::clone(&requests);
        tokio::spawn(async move {
            let scripts = Arc::new(scripts);
            for connection in 0.. {
                let Ok((socket, _)) = listener.accept().await else { return };
                socket.set_nodelay(true).unwrap();
                let (scripts, recorded, gone) =
                    (Arc::clone(&scripts), Arc::clone(&recorded), gone_sender.clone());
                tokio::spawn(async move {
                    serve(BufReader::new(socket), connection, &scripts, &recorded).await;
                    let _ = gone.send(connection);
                });
            }
        });
        Self { address, requests, gone }
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    /// The number of the next connection to be closed, by either side.
    pub(crate) async fn next_gone(&mut self) -> usize {
        self.gone.recv().await.unwrap()
    }
}

async fn serve(
    mut socket: BufReader<TcpStream>,
    connection: usize,
    scripts: &[Vec<Step>],
    requests: &Mutex<Vec<Recorded>>,
) {
    while let Some(request) = read_request(&mut socket, connection).await {
        let number = {
            let mut requests = requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        for step in scripts.get(number).or(scripts.last()).unwrap() {
            match step {
                Step::Write(bytes) => {
                    if socket.get_mut().write_all(bytes).await.is_err() {
                        return;
                    }
                }
                Step::WriteWithPort(text) => {
                    let port = socket.get_ref().local_addr().unwrap().port().to_string();
                    let text = text.replace("{port}", &port);
                    let head = format!("HTTP/1.1 201 X\r\ncontent-length: {}\r\n\r\n{text}", text.len());
                    if socket.get_mut().write_all(head.as_bytes()).await.is_err() {
                        return;
                    }
                }
                Step::Await(gate) => gate.acquire().await.unwrap().forget(),
                Step::Hang => {
                    let _ = socket.read_to_end(&mut Vec::new()).await;
                    return;
                }
                Step::Close => return,
            }
        }
    }
}

async fn read_request(socket: &mut BufReader<TcpStream>, connection: usize) -> Option<Recorded> {
    let mut line = String::new();
    if socket.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        socket.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut recorded =
        Recorded { connection, line: line.trim_end().to_owned(), headers, body: String::new() };
    let length = recorded.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    recorded.body = String::from_utf8_lossy(&body).into_owned();
    Some(recorded)
}

pub(crate) fn write(text: impl Into<Vec<u8>>) -> Step {
    Step::Write(text.into())
}

/// A complete response; `headers` are lines that end in `\r\n`.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Vec<Step> {
    answer_bytes(status, headers, body.as_bytes())
}

pub(crate) fn answer_bytes(status: u16, headers: &str, body: &[u8]) -> Vec<Step> {
    let mut bytes =
        format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    vec![Step::Write(bytes)]
}

pub(crate) const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nx-request-id: r1\r\n\r\n";

pub(crate) fn chunk(text: &str) -> Step {
    write(format!("{:x}\r\n{text}\r\n", text.len()))
}

/// A stream whose chunks are written one by one; without its end.
pub(crate) fn stream(pieces: &[&str]) -> Vec<Step> {
    let mut steps = vec![write(STREAM_HEAD)];
    steps.extend(pieces.iter().map(|piece| chunk(piece)));
    steps
}

pub(crate) fn end() -> Step {
    write("0\r\n\r\n")
}
