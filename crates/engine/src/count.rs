//! How many tokens a prompt has, where the provider counts them itself.

use crate::{Call, CallError, Engine, engine::failed, operation::Asking};

impl Engine {
    /// Whether provider `id` can be asked how many tokens a prompt has. Yes where it is not known: asking says why.
    pub fn counts_tokens(&self, id: &str) -> bool {
        self.dialect(id).is_none_or(|dialect| dialect.token_counting().is_some())
    }

    /// Asks the provider how many tokens the prompt of `call` has; `None` where its dialect cannot ask.
    pub async fn count_tokens(&self, call: &Call) -> Result<Option<u64>, CallError> {
        let Call { provider, request, options } = call;
        let row = self.provider(provider).map_err(|failure| failed(failure, provider, &request.model))?;
        let Some(counting) = row.dialect.token_counting() else { return Ok(None) };
        let encoded = counting.encode_request(&row.own(request), row.encode_options(options));
        let asking = Asking::new(self, row, &request.model, options);
        let counted = asking.ask(encoded, |_, body| counting.decode_response(body)).await?;
        Ok(Some(counted.response))
    }
}
