//! Providers to practise on.
//!
//! A real HTTP server that speaks the server side of every dialect, says what a script tells it to, and goes wrong as
//! real providers and networks do. It runs on its own thread with its own runtime, is ready in milliseconds and stops
//! when dropped. Wire formats live in `ferrule-wire`; this crate decides what is said and how it is sent. Our tests,
//! `ferrule sim` and `ferrule.testing.Simulator` call it.
//!
//! ```
//! use ferrule_sim::{Settings, Simulator};
//!
//! let simulator = Simulator::start(Settings::default())?;
//! simulator.set_script(r#"[{"times": 1, "fault": "overloaded"}, {"reply": "Hello."}]"#)?;
//! // An OpenAI client's base URL is http://{address}/v1, an Anthropic client's is http://{address}.
//! assert_ne!(simulator.address().port(), 0);
//! assert_eq!(simulator.requests_json(), "[]");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `docs/simulator.md` describes the addresses, the script, every fault and the names of models for users.
//!
//! # How a request is answered
//! `server` takes connections and lets hyper read HTTP from a `socket` that can be commanded; `service` reads
//! one request, asks `script` (the first rule that fits) and `behaviour` (what the model's name says) what to do;
//! `answer` makes the whole neutral answer (`beside` what is no chat; `identity` hands out tokens); `deliver` sends
//! it, with `stream` making a streamed one chunk by chunk while `body` hands it to hyper; `record` keeps what was seen.
//!
//! # Names of models
//! Any name gets a short answer that quotes the prompt. These do more:
//!
//! | name | what happens |
//! |---|---|
//! | `echo` | the last user text comes back |
//! | `tools` | the request's tool is called (any model does so when the text says "use the tool") |
//! | `reasoning` | reasoning comes before the text |
//! | `json`, `json-NAME` | a JSON object, `{"name": "NAME"}` |
//! | `long-N` | N tokens |
//! | `slow-N` | N tokens a second |
//! | `status-N` | an error with status N, 400 to 599 |
//! | `overloaded`, `context-length`, `html`, `empty` | 529 or 503; 400; a proxy's 502 page; 200 and nothing |
//! | `rate-limit-seconds`, `-date`, `-ms`, `-reset`, `-anthropic-reset`, `-message` | 429, with the delay (1 s) said in that way |
//! | `stall-`, `reset-`, `close-` with `headers`, `after-headers`, `mid-event`, `terminal` | nothing more comes, TCP reset, or early close, at that point |
//! | `no-terminal`, `no-end-marker` | the stream ends without its finish and end marker, or only without the marker |
//! | `truncated-chunk`, `malformed`, `error-mid-stream`, `wrong-content-type` | as they say |
//! | `gzip`, `huge-line`, `slow-loris` | compressed; a line of 100 MB; byte by byte |
//! | `fail-once-X`, `fail-twice-X`, `fail-N-X` | X (a status or a name above) the first times that a request is sent, then the answer, then again |
#![forbid(unsafe_code)]

mod amazon;
mod answer;
mod behaviour;
mod beside;
mod body;
mod deliver;
mod demanded;
mod early_fault;
mod failure;
mod frames;
mod identity;
mod keys;
mod media;
mod models;
mod predictions;
mod random;
mod record;
mod route;
mod schema;
mod script;
mod server;
mod servers;
mod service;
mod simulator;
mod socket;
mod speaker;
mod stream;
mod tokens;
mod whole_calls;

pub use script::ScriptError;
pub use simulator::{Settings, Simulator};
