//! Who answers where no HTTP server does: a program (`process.rs`), or a function of the user's own.
//!
//! A backend is asked what its dialect encodes, and answers in pieces of what its dialect decodes; retries, limits,
//! delivery and accounting are those of every other provider.

use crate::{
    Failure,
    retry::Failed,
    send::Incoming,
    target::Target,
    timeout::{Limits, Watch},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use std::{any::Any, fmt, sync::Arc};
use tokio::sync::mpsc;

/// Something of the caller's that the engine only passes on: which event loop is its own, for instance.
pub type Context = Arc<dyn Any + Send + Sync>;

/// Pieces that may wait to be read; a backend that is further ahead has to wait.
const PIECES: usize = 64;

/// Somebody else than an HTTP server who answers.
pub trait Backend: fmt::Debug + Send + Sync {
    /// Begins to answer `question`, and comes back at once; what is said goes to `answer`. When nobody listens any more
    /// (`AnswerSender::is_closed`, `AnswerSender::closed`) the work has to end. Fails where it cannot even begin.
    fn begin(&self, question: Question, answer: AnswerSender) -> Result<(), Failure>;
}

/// What a backend is asked.
#[derive(Clone)]
pub struct Question {
    /// The provider's own name of the model.
    pub model: String,
    /// What the dialect made of the request.
    pub body: Bytes,
    /// Whether the answer is to come in pieces.
    pub stream: bool,
    /// What the caller gave for it.
    pub context: Option<Context>,
}

/// The prompt stays out of logs.
impl fmt::Debug for Question {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Question")
            .field("model", &self.model)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

/// Takes what a backend says. Dropping it ends the answer.
#[derive(Clone, Debug)]
pub struct AnswerSender(mpsc::Sender<Result<Bytes, Failure>>);

impl AnswerSender {
    /// Says the next piece, once there is room for it; whether anybody still listens.
    pub async fn send(&self, piece: Result<Bytes, Failure>) -> bool {
        self.0.send(piece).await.is_ok()
    }

    /// As [`AnswerSender::send`], for a thread outside the runtime.
    pub fn blocking_send(&self, piece: Result<Bytes, Failure>) -> bool {
        self.0.blocking_send(piece).is_ok()
    }

    /// Says the next piece if there is room for it now; gives it back where there is none, and `None` where nobody
    /// listens.
    pub fn try_send(&self, piece: Result<Bytes, Failure>) -> Result<bool, Result<Bytes, Failure>> {
        match self.0.try_send(piece) {
            Ok(()) => Ok(true),
            Err(mpsc::error::TrySendError::Closed(_)) => Ok(false),
            Err(mpsc::error::TrySendError::Full(piece)) => Err(piece),
        }
    }

    /// Waits until there is room for a piece, or nobody listens any more.
    pub async fn room(&self) {
        // Whoever asked tries again, whichever it is.
        let _ = self.0.reserve().await;
    }

    /// Whether nobody listens any more.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Waits until nobody listens any more.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

/// The reader's end of what a backend says.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) pieces: mpsc::Receiver<Result<Bytes, Failure>>,
}

/// Asks `backend`.
pub(crate) fn ask(backend: &dyn Backend, target: &Target, limits: Limits) -> Result<Incoming, Failed> {
    let (sender, answer) = answer_of(target);
    let question = Question {
        model: target.model.clone(),
        body: target.body.clone(),
        stream: target.stream,
        context: target.context.clone(),
    };
    backend.begin(question, sender)?;
    Ok(Incoming::of_backend(answer, Watch::begun(limits)))
}

/// Both ends of an answer to `target`.
pub(crate) fn answer_of(target: &Target) -> (AnswerSender, Answer) {
    let (sender, pieces) = mpsc::channel(PIECES);
    let media_type = match target.provider.dialect.stream_media_types().first() {
        Some(streamed) if target.stream => *streamed,
        _ => "application/json",
    };
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    (AnswerSender(sender), Answer { headers, pieces })
}
