//! Speech synthesis: audio of a text, delivered as it is generated.

use crate::{
    admission::Measured,
    failure::Failure,
    incoming::Incoming,
    option_defaults::{FillIn, OptionDefaults},
    outgoing::Outgoing,
    provider::Provider,
    raw::RawReply,
    receive::first_chunk,
    target::Target,
    work::{Encoding, Success, Work},
};
use bytes::Bytes;
use ferrule_wire::operation::{Speech, SpeechRequest};

/// Synthesises speech from a text.
#[derive(Clone, Debug)]
pub struct Speak(pub SpeechRequest);

impl Work for Speak {
    type Received = (Incoming, Option<Bytes>);
    type Output = RawReply;

    fn encode(&mut self, provider: &Provider, model: &str, how: Encoding<'_>) -> Result<Outgoing, Failure> {
        model.clone_into(&mut self.0.model);
        let speech = provider.operation::<Speech>()?;
        let filled = how.defaults.map(|defaults| {
            let mut filled = self.0.clone();
            filled.fill_in(defaults);
            filled
        });
        let request = filled.as_ref().unwrap_or(&self.0);
        if request.voice.is_empty() {
            let message = "voice: missing: give it to the call, or in the options of the group's target";
            return Err(Failure::Config(message.to_owned()));
        }
        let encoded = speech.encode_request(request, provider.encode_options(how.drop_unsupported));
        // The request determines the audio's type, by a field of its own.
        let outgoing = |encoded| Outgoing { accept: Some("*/*"), ..Outgoing::from(encoded) };
        encoded.map(outgoing).map_err(Failure::Unsupported)
    }

    fn measure(&self, _: Option<&OptionDefaults>) -> Measured {
        let characters = self.0.text.chars().count() as u64;
        Measured::characters(&self.0.model, &self.0.text, characters)
    }

    async fn receive(&self, incoming: Incoming, _: &Target) -> Result<Self::Received, Failure> {
        first_chunk(incoming).await
    }

    fn objection((_, first): &Self::Received, _: &Target) -> Option<Failure> {
        first.is_none().then(|| Failure::unreadable("the answer is empty"))
    }

    fn finish(self, received: Self::Received, answered: Success) -> RawReply {
        let characters = self.0.text.chars().count() as u64;
        RawReply::new(received, answered, vec![("input_characters", characters)])
    }
}
