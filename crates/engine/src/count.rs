//! How many tokens a prompt has, where the provider counts them itself.

use crate::{Call, CallError, Engine, Failure, call::call, decode::Decode, engine::failed};
use ferrule_wire::error::Headers;
use tokio::time::Instant;

impl Engine {
    /// Asks the provider how many tokens the prompt of `call` has; `None` where its dialect cannot ask.
    pub async fn count_tokens(&self, call: &Call) -> Result<Option<u64>, CallError> {
        let started = Instant::now();
        let Call { provider, request, options } = call;
        let fail = |failure| failed(failure, provider, &request.model);
        let row = self.provider(provider).map_err(fail)?;
        let Some(counting) = row.dialect.token_counting() else { return Ok(None) };
        let (limits, max_retries) = self.limits(options, started);
        let target = counting
            .encode_request(request, row.encode_options(options))
            .map_err(Failure::Unsupported)
            .and_then(|encoded| row.prepare_encoded(encoded, &request.model, options, None))
            .map_err(fail)?;
        let read = Decode(|_: Headers<'_>, body: &[u8]| counting.decode_response(body));
        let answered = self::call(target, limits, max_retries, &read).await?;
        Ok(Some(answered.answer.answer))
    }
}
