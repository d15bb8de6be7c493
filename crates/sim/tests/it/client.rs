//! Test client that shows the bytes of each response and how they ended; one request per connection.

use ferrule_sim::{Settings, Simulator};
use serde_json::{Value, json};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Longer than anything here should take; a test that reaches it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const DIALECTS: [&str; 2] = ["openai-chat", "anthropic"];

pub(crate) fn start() -> Simulator {
    Simulator::start(Settings::default()).unwrap()
}

pub(crate) fn scripted(script: &Value) -> Simulator {
    Simulator::start(Settings { script: Some(script.to_string()), ..Settings::default() }).unwrap()
}

pub(crate) fn path(dialect: &str) -> &'static str {
    if dialect == "anthropic" { "/v1/messages" } else { "/v1/chat/completions" }
}

/// A request for `model` with the fields that both dialects share.
pub(crate) fn ask(model: &str, text: &str, stream: bool) -> Value {
    json!({"model": model, "max_tokens": 1000, "stream": stream, "messages": [{"role": "user", "content": text}]})
}

/// How the bytes of a response ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Complete, by the framing of the message.
    Complete,
    /// The connection was closed before that.
    Closed,
    /// The connection was reset.
    Reset,
}

#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

impl HttpResponse {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) read: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, read: Vec::new() }
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: sim\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    }

    /// Reads more data; `Err` if there is none.
    pub(crate) fn more(&mut self) -> Result<(), End> {
        let mut buffer = [0; 64 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(End::Closed),
            Ok(count) => {
                self.read.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Err(End::Reset),
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&self.read)),
        }
    }

    /// Reads until `found` returns the length to take.
    fn until(&mut self, found: impl Fn(&[u8]) -> Option<usize>) -> Result<Vec<u8>, End> {
        loop {
            if let Some(end) = found(&self.read) {
                return Ok(self.read.drain(..end).collect());
            }
            self.more()?;
        }
    }

    /// Reads until `text` has arrived, and takes everything up to its end.
    pub(crate) fn read_to(&mut self, text: &str) -> Result<Vec<u8>, End> {
        let wanted = text.as_bytes();
        self.until(|read| {
            read.windows(wanted.len()).position(|window| window == wanted).map(|at| at + wanted.len())
        })
    }

    pub(crate) fn exactly(&mut self, count: usize) -> Result<Vec<u8>, End> {
        self.until(|read| (read.len() >= count).then_some(count))
    }

    pub(crate) fn head(&mut self) -> Result<HttpResponse, End> {
        let head = String::from_utf8(self.read_to("\r\n\r\n")?).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers =
            lines.map(|line| line.split_once(": ").unwrap()).map(|(k, v)| (k.to_owned(), v.to_owned()));
        Ok(HttpResponse { status, headers: headers.collect(), body: Vec::new(), end: End::Complete })
    }

    pub(crate) fn answer(&mut self) -> Result<HttpResponse, End> {
        let mut answer = self.head()?;
        if let Err(end) = self.body(&mut answer) {
            answer.body.append(&mut self.read);
            answer.end = end;
        }
        Ok(answer)
    }

    fn body(&mut self, answer: &mut HttpResponse) -> Result<(), End> {
        if let Some(length) = answer.header("content-length") {
            let length = length.parse().unwrap();
            answer.body = self.exactly(length)?;
            return Ok(());
        }
        assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
        loop {
            let size = String::from_utf8(self.read_to("\r\n")?).unwrap();
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = self.exactly(size + 2)?;
            chunk.truncate(size);
            if size == 0 {
                return Ok(());
            }
            answer.body.append(&mut chunk);
        }
    }
}

pub(crate) fn call(
    simulator: &Simulator,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<HttpResponse, End> {
    let mut client = Client::connect(simulator.address());
    client.send("POST", path, headers, body.to_string().as_bytes());
    client.answer()
}

pub(crate) fn complete(simulator: &Simulator, dialect: &str, body: &Value) -> HttpResponse {
    call(simulator, path(dialect), &[], body).unwrap()
}

/// The text of a plain response.
pub(crate) fn text_of(dialect: &str, body: &Value) -> String {
    let text = match dialect {
        "anthropic" => {
            let blocks = body["content"].as_array().unwrap();
            return blocks.iter().filter_map(|block| block["text"].as_str()).collect();
        }
        _ => &body["choices"][0]["message"]["content"],
    };
    text.as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

/// The data of each event of a stream.
pub(crate) fn events(text: &str) -> Vec<String> {
    text.split("\n\n")
        .filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data: ")))
        .map(str::to_owned)
        .collect()
}

/// The text of a streamed response.
pub(crate) fn streamed_text(dialect: &str, text: &str) -> String {
    let values = events(text).into_iter().filter_map(|data| serde_json::from_str::<Value>(&data).ok());
    let texts = values.filter_map(|value| {
        let text = if dialect == "anthropic" {
            &value["delta"]["text"]
        } else {
            &value["choices"][0]["delta"]["content"]
        };
        text.as_str().map(str::to_owned)
    });
    texts.collect()
}

/// Whether a stream has the dialect's end marker.
pub(crate) fn is_ended(dialect: &str, text: &str) -> bool {
    text.contains(if dialect == "anthropic" { "event: message_stop" } else { "data: [DONE]" })
}

pub(crate) fn requests(simulator: &Simulator) -> Vec<Value> {
    serde_json::from_str(&simulator.requests_json()).unwrap()
}
