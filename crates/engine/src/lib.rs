//! Engine: executes calls. Model resolution, credentials, retries, time limits, connections.
//!
//! Every call takes one path, [`Engine::run`], through files named for their step: `resolve` (from a model's name to
//! its candidates), `call` (the attempt loop, which executes what `plan` decides), `prepare` (a `work`'s request
//! becomes a `target`, ready to send to one `provider`), `attempt`, `send` (over the connections of `transport`,
//! authorised by `credentials`, timed by `timeout`), `incoming` (the HTTP response), and `receive`, which decodes it.
//! What differs between kinds of calls is their `work`: `chat`, `operation`, `speech`, `models`, `raw`. Tokio and hyper
//! live here; wire formats do not (`ferrule-wire`), nor does Python (`ferrule-python`).
#![forbid(unsafe_code)]

mod admission;
mod apart;
mod arrange;
mod attempt;
mod backend;
mod bounds;
mod call;
mod candidates;
mod cause;
pub mod characters;
mod chat;
mod continuation;
mod credentials;
mod delivered;
mod demands;
mod echo;
mod embed;
mod encoded_echo;
mod engine;
mod error;
mod failover;
mod failure;
mod files;
mod first_token;
mod follow;
mod group_state;
pub mod guard;
mod headers;
mod health;
mod health_check;
mod hedge;
pub mod http_client;
mod incoming;
pub mod intercept;
mod keys;
mod models;
mod net;
mod observe;
mod one_line;
mod operation;
mod operations;
mod option_defaults;
mod options;
mod outgoing;
mod pace;
mod patience;
mod pinned;
mod plan;
mod policy;
mod policy_options;
mod prepare;
mod preview;
mod process;
pub mod program;
mod provider;
mod raw;
mod reasons;
mod receive;
mod recipient;
mod reply;
mod reply_headers;
mod reported;
mod resolve;
mod resume;
mod retry;
pub mod retry_budget;
mod routing_options;
mod same_model;
mod secrets;
mod select;
mod send;
mod settings;
mod speech;
mod status;
mod steady_clock;
pub mod strategy;
mod stream;
mod target;
mod target_state;
mod timeout;
mod timer_keep_alive;
mod tls;
mod tls_advice;
mod trail;
mod transport;
mod unreadable;
mod vector_memory;
mod work;
mod written_in;

pub use admission::{
    BudgetChange, BudgetExceeded, BudgetMode, BudgetSettings, BudgetStatus, LimitReached, LimitSettings,
    LimitStatus, Measured, Missing, RuleScope, Scope, admission_clock,
};
pub use arrange::own_strategy;
pub use backend::{Backend, BackendRequest, ChunkSender, Context};
pub use bounds::Bounds;
pub use candidates::PassedOver;
pub use chat::{Complete, Stream};
pub use credentials::{
    Authentication, AwsSettings, CredentialsError, DatabricksSettings, EntraSettings, Environment,
    FetchedSecrets, GoogleSettings, SecretSource, SecretsFuture, Token, TokenFuture, TokenSource,
    WatsonxSettings,
};
pub use demands::Demands;
pub use engine::Engine;
pub use error::CallError;
pub use failover::{FailoverOn, Reason};
pub use failure::{Expired, Failure, TimeoutKind};
pub use group_state::GroupState;
pub use health::Health;
pub use incoming::Incoming;
pub use keys::{KeySettings, KeyStatus};
pub use models::ListModels;
pub use observe::{
    AttemptFacts, BudgetNews, Event, EventKind, EventTarget, LimitNews, Observer, StreamEnding, What,
};
pub use one_line::OneLine;
pub use operation::{Operate, OperationReply, OperationRequest, ResponseTo};
pub use option_defaults::{OperationDefaults, OptionDefaults};
pub use options::{CallOptions, Timeouts, TransportSettings};
pub use outgoing::Outgoing;
pub use policy_options::{AllOpen, BreakerOptions, RetryOptions};
pub use preview::{Preview, TargetView};
pub use process::ProcessBackend;
pub use provider::Provider;
pub use raw::{RawReply, RawRequest};
pub use receive::EventBatch;
pub use recipient::{Call, Recipient};
pub use reply::{Attempt, Next, Outcome, Reply, Stats};
pub use reply_headers::ReplyHeaders;
pub use resolve::{
    Candidate, Group, GroupRules, GroupSettings, GroupTarget, LookUp, Place, Route, Routing, RoutingProblem,
    TargetSettings, nearest_name,
};
pub use routing_options::{Hedge, OwnStrategy, RoutingOptions};
pub use secrets::{Secret, is_secret_name, mask_secrets};
pub use settings::ProviderSettings;
pub use speech::Speak;
pub use status::{GroupStatus, Status, TargetStatus};
pub use stream::EventStream;
pub use target::Target;
pub use unreadable::Unreadable;
pub use work::{Encoding, Success, Work};
