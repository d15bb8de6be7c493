//! The faults that replace an answer, or come before it.

use crate::speaker::Speaker;
use crate::{
    body::AnswerBody,
    failure::{kind_of, say_retry, status_of},
    script::{ErrorScript, Fault, Place, Retry},
    service::{Conversation, streamed_as, to_headers},
};
use bytes::Bytes;
use ferrule_wire::model::{ErrorKind, Request};
use http::{HeaderMap, Response};
use std::{future::pending, time::Duration};

impl Conversation<'_> {
    /// The faults that replace the answer, or come before it.
    pub(crate) async fn before_headers(
        &self,
        fault: &Fault,
        speaker: Speaker,
        request: &Request,
    ) -> Option<Response<AnswerBody>> {
        match fault {
            Fault::Status { status, headers, body, error } => {
                let message = format!("The simulated provider answers with status {status}.");
                let error = error.provider_error(kind_of(*status), &message, speaker.name());
                let headers = to_headers(headers);
                Some(match body {
                    None => self.error(speaker, *status, error, headers, request.stream),
                    Some(serde_json::Value::String(text)) => {
                        self.whole(*status, "text/plain; charset=utf-8", text.clone().into(), headers)
                    }
                    Some(json) => self.whole(*status, "application/json", json.to_string().into(), headers),
                })
            }
            Fault::RateLimit { retry, delay_ms } => {
                Some(self.rate_limited(speaker, *retry, *delay_ms, request.stream))
            }
            Fault::Overloaded {} => {
                let error = ErrorScript::default().provider_error(
                    ErrorKind::Overloaded,
                    "Overloaded",
                    speaker.name(),
                );
                Some(self.error(
                    speaker,
                    status_of(ErrorKind::Overloaded, speaker.name()),
                    error,
                    HeaderMap::new(),
                    request.stream,
                ))
            }
            Fault::Html { status } => {
                let page = format!(
                    "<html>\r\n<head><title>{status} Bad Gateway</title></head>\r\n<body>\r\n<center><h1>{status} Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
                );
                Some(self.whole(*status, "text/html", page.into(), HeaderMap::new()))
            }
            Fault::Empty {} => {
                let kind = if request.stream { streamed_as(speaker) } else { "application/json" };
                Some(self.whole(200, kind, Bytes::new(), HeaderMap::new()))
            }
            Fault::Reset { at: Place::BeforeHeaders, .. } => {
                self.exchange.cut();
                self.control.reset();
                pending().await
            }
            Fault::Close { at: Place::BeforeHeaders, .. } => {
                self.exchange.cut();
                self.control.close();
                pending().await
            }
            Fault::Stall { at: Place::BeforeHeaders, for_ms, .. } => {
                match for_ms {
                    Some(time) => tokio::time::sleep(Duration::from_millis(*time)).await,
                    None => pending().await,
                }
                None
            }
            _ => None,
        }
    }

    fn rate_limited(
        &self,
        speaker: Speaker,
        retry: Retry,
        delay_ms: u64,
        streamed: bool,
    ) -> Response<AnswerBody> {
        let mut headers = HeaderMap::new();
        let said = say_retry(retry, Duration::from_millis(delay_ms), &mut headers);
        let message = said.as_deref().unwrap_or("Rate limit reached.");
        let error = ErrorScript::default().provider_error(ErrorKind::RateLimited, message, speaker.name());
        self.error(speaker, 429, error, headers, streamed)
    }
}
