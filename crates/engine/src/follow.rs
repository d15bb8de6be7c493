//! Follow-up requests, for responses that take more than one request: the first starts a job, others poll it or read
//! its stream. To the reader they are one response.
//!
//! A job costs money, so it is never started twice: see [`spare`]. It is cancelled when the receiver is gone.

use crate::{
    backend::{self, ChunkSender},
    cause,
    failure::Failure,
    incoming::Incoming,
    retry::{Again, Failed},
    send,
    target::Target,
    timeout::{Limits, Watch},
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::{FollowUp, ReadFollowUp},
    framing::write_event,
};
use http::Method;
use std::time::Duration;
use url::Url;

/// The interval between two polls of a job.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The time limit of a cancellation.
const CANCEL_TIME: Duration = Duration::from_secs(5);

/// Only a failure that cannot have started a job may be retried.
pub(crate) fn spare(failed: Failed) -> Failed {
    let nothing_began = match &failed.failure {
        Failure::Connect(_) => !failed.began && failed.again != Again::Never,
        Failure::Provider(error) => error.status == Some(429),
        _ => false,
    };
    if nothing_began { failed } else { Failed::new(failed.failure, Again::Never) }
}

/// Continues the response that began as `incoming`.
pub(crate) async fn follow(
    mut incoming: Incoming,
    target: &Target,
    limits: Limits,
    read: ReadFollowUp,
) -> Result<Incoming, Failure> {
    let first = incoming.body().await?;
    let (sender, receiver) = backend::channel(target.answer_media_type());
    let Some(up) = read(&first) else {
        // An error with a 2xx status, or something else: the decoder finds out.
        sender.send(Ok(first)).await;
        return Ok(Incoming::from_backend(receiver, Watch::begun(limits)));
    };
    if up.is_over {
        sender.send(Ok(if target.stream { frame(&first) } else { first })).await;
        return Ok(Incoming::from_backend(receiver, Watch::begun(limits)));
    }
    let work = Following {
        target: target.clone(),
        limits,
        read,
        cancel: up.cancel.clone(),
        drop_headers: up.drop_headers,
    };
    tokio::spawn(async move {
        let is_over = tokio::select! {
            biased;
            () = sender.closed() => false,
            is_over = work.follow(first, up, &sender) => is_over,
        };
        if !is_over {
            work.cancel().await;
        }
    });
    Ok(Incoming::from_backend(receiver, Watch::begun(limits)))
}

struct Following {
    target: Target,
    limits: Limits,
    read: ReadFollowUp,
    cancel: Option<String>,
    drop_headers: &'static [&'static str],
}

impl Following {
    /// Whether the job ended; if not, it is still running without a receiver.
    async fn follow(&self, first: Bytes, up: FollowUp, sender: &ChunkSender) -> bool {
        let followed = match (&up.stream, self.target.stream) {
            (Some(stream), true) => self.pass_on(&first, stream, &up, sender).await,
            _ => self.await_end(&up, sender).await,
        };
        match followed {
            Ok(()) => true,
            Err(failure) => {
                sender.send(Err(failure)).await;
                false
            }
        }
    }

    /// Polls until the job is over.
    async fn await_end(&self, up: &FollowUp, sender: &ChunkSender) -> Result<(), Failure> {
        let get = up.get.as_deref().ok_or_else(|| no_address("get"))?;
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            let body = self.get(get, None).await?.body().await?;
            let is_over = (self.read)(&body).is_none_or(|up| up.is_over);
            if is_over {
                sender.send(Ok(if self.target.stream { frame(&body) } else { body })).await;
                return Ok(());
            }
        }
    }

    /// Passes on the stream, between the first body and the last.
    async fn pass_on(
        &self,
        first: &Bytes,
        stream: &str,
        up: &FollowUp,
        sender: &ChunkSender,
    ) -> Result<(), Failure> {
        let mut incoming = self.get(stream, Some("text/event-stream")).await?;
        // Sent with the first chunk, because that one may wait for the model to be loaded.
        let mut before = Some(frame(first));
        while let Some(chunk) = incoming.chunk().await? {
            if let Some(before) = before.take() {
                sender.send(Ok(before)).await;
            }
            sender.send(Ok(chunk)).await;
        }
        if let Some(get) = &up.get {
            // The usage is optional: a complete answer does not fail without it.
            if let Ok(mut last) = self.get(get, None).await
                && let Ok(body) = last.body().await
            {
                sender.send(Ok(frame(&body))).await;
            }
        }
        Ok(())
    }

    async fn get(&self, address: &str, accept: Option<&'static str>) -> Result<Incoming, Failure> {
        let target = self.target.follow(Method::GET, &self.absolute(address)?, accept, self.drop_headers);
        send::send(&target, None, Watch::start(self.limits)).await.map_err(|failed| failed.failure)
    }

    /// Resolves `address`: to the provider's own origin, or with its scheme to a host listed in its row. Anything else
    /// would let a response direct requests to strangers, or to servers of our own network.
    fn absolute(&self, address: &str) -> Result<Url, Failure> {
        let own = &self.target.url;
        let url = own.join(address).map_err(|_| {
            Failure::unreadable("the answer leads to an address that is not a valid URL".to_owned())
        })?;
        let hosts = &self.target.provider.quirks.follow_up_hosts;
        let is_named = || {
            let host = url.host_str().unwrap_or_default();
            url.scheme() == own.scheme()
                && url.port() == own.port()
                && hosts.iter().any(|known| known == host)
        };
        if url.origin() == own.origin() || is_named() {
            return Ok(url);
        }
        Err(Failure::unreadable(format!(
            "the answer leads to {}, which is not {}; if it is right, name its host in quirks.follow_up_hosts",
            cause::origin(&url),
            cause::origin(own)
        )))
    }

    async fn cancel(&self) {
        let Some(url) = self.cancel.as_deref().and_then(|address| self.absolute(address).ok()) else {
            return;
        };
        let target = self.target.follow(Method::POST, &url, None, self.drop_headers);
        // The call's own time may be up, which may be the reason for cancelling. There is no receiver for an error.
        let _ = send::send(&target, None, Watch::start(self.limits.after_the_call(CANCEL_TIME))).await;
    }
}

/// Frames a whole body as an event.
fn frame(body: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(body.len() + 32);
    write_event(FollowUp::EVENT, body, &mut frame);
    frame.into()
}

fn no_address(what: &str) -> Failure {
    Failure::unreadable(format!("the answer does not say where to {what} the rest"))
}
