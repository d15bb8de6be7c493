//! Simulated providers: a real HTTP server for tests and demonstrations.
//!
//! It implements the server side of every dialect, answers according to a script, and fails as real providers and
//! networks do. It runs on a separate thread with its own runtime, is ready in milliseconds and stops when dropped.
//! What any server of these APIs needs (routes, error responses, codecs) is in `ferrule_wire::server`; this crate
//! decides what to respond and how to send it. Our tests, `ferrule sim` and `ferrule.testing.Simulator` use it.
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
//! `listener` accepts connections and lets hyper read HTTP from a `socket` that can be commanded. `service` reads one
//! request, has `ferrule_wire::server` route it, checks its `authorization`, and passes it on: to `chat`, to `operations`
//! (embeddings, images and so on), or to `management` and `token_issuer`. These ask `plan` for the reply and the fault: of
//! the first rule of the `script` that matches, or by the model's name (`behaviour`). An `early_fault` ends it there;
//! otherwise `chat_response`, `embeddings`, `reranking` or `media` make the neutral response, and `delivery` sends it, with
//! `streamed_body` encoding a stream chunk by chunk while `body` hands it to hyper. `record` keeps what was received.
//!
//! # Names of models
//! Any name gets a short answer that quotes the prompt. These have a behaviour of their own:
//!
//! | name | what happens |
//! |---|---|
//! | `echo` | the last user text is returned |
//! | `tools` | the request's tool is called (any model does so when the text says "use the tool") |
//! | `reasoning` | reasoning comes before the text |
//! | `json`, `json-NAME` | a JSON object, `{"name": "NAME"}` |
//! | `long-N` | N tokens |
//! | `slow-N` | N tokens a second |
//! | `status-N` | an error with status N, 400 to 599 |
//! | `overloaded`, `context-length`, `html`, `empty` | 529 or 503; 400; a proxy's 502 page; 200 and an empty body |
//! | `rate-limit-seconds`, `-date`, `-ms`, `-reset`, `-anthropic-reset`, `-message` | 429, with the delay (1 s) given in that way |
//! | `stall-`, `reset-`, `close-` with `headers`, `after-headers`, `mid-event`, `terminal` | nothing more is sent, TCP reset, or early close, at that point |
//! | `no-terminal`, `no-end-marker` | the stream ends without its finish and end marker, or only without the marker |
//! | `truncated-chunk`, `malformed`, `error-mid-stream`, `wrong-content-type` | as they say |
//! | `gzip`, `huge-line`, `slow-loris` | compressed; a line of 100 MB; byte by byte |
//! | `fail-once-X`, `fail-twice-X`, `fail-N-X` | X (a status or a name above) the first times that a request is sent, then the answer, then again |
#![forbid(unsafe_code)]

mod authorization;
mod aws_signature;
mod behaviour;
mod body;
mod chat;
mod chat_response;
mod clock;
mod context;
mod delivery;
mod early_fault;
mod embeddings;
mod frames;
mod gzip;
mod headers;
mod listener;
mod management;
mod media;
mod models;
mod operations;
mod pacing;
mod plan;
mod prediction_store;
mod predictions;
mod prompt;
mod random;
mod record;
mod reranking;
mod schema;
mod script;
mod service;
mod simulator;
mod socket;
mod state;
mod streamed_body;
mod token_issuer;
mod tokens;

pub use script::ScriptError;
pub use simulator::{Settings, Simulator};
