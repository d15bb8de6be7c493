//! Options of a request: which there are, whether a request asks for one, and whether a wire format carries it.
//!
//! [`chat`] and [`operations`] take the requests apart in full, so that an option that is forgotten there does not
//! compile. Each dialect declares what it [`Carried`]; every other option is refused by its name, or dropped and listed
//! where the caller wants that, and so is what the provider's row takes away. A dialect's encoder sees only what is left.

mod chat;
mod operations;
pub(crate) mod rules;
#[cfg(test)]
mod tests;

use crate::encode::{Refusals, UnsupportedField};
use crate::quirks::{Feature, Quirks};
use alloc::{borrow::Cow, vec::Vec};

/// An option of a request, of whatever operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestOption {
    Tools,
    ToolChoice,
    ParallelToolCalls,
    ResponseFormat,
    Reasoning,
    MaxTokens,
    Temperature,
    TopP,
    TopK,
    FrequencyPenalty,
    PresencePenalty,
    Stop,
    Seed,
    N,
    Logprobs,
    TopLogprobs,
    Metadata,
    User,
    SafetyIdentifier,
    ServiceTier,
    Verbosity,
    Betas,
    Cache,
    PromptCache,
    Dimensions,
    InputType,
    TopN,
    Size,
    Quality,
    Speed,
    Instructions,
    Language,
    Prompt,
}

impl RequestOption {
    /// Its name, and why a format that has no word for it refuses it.
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Tools => ("tools", "there are no tools"),
            Self::ToolChoice => ("tool_choice", "there is no choice among tools"),
            Self::ParallelToolCalls => ("parallel_tool_calls", "several calls at once cannot be forbidden"),
            Self::ResponseFormat => ("response_format", "ask for the form in the prompt"),
            Self::Reasoning => ("reasoning", "the amount of reasoning cannot be set"),
            Self::MaxTokens => ("max_tokens", "the length of an answer cannot be limited"),
            Self::Temperature => ("temperature", "there is no temperature"),
            Self::TopP => ("top_p", "there is no top_p"),
            Self::TopK => ("top_k", rules::NO_TOP_K),
            Self::FrequencyPenalty => ("frequency_penalty", "there are no penalties"),
            Self::PresencePenalty => ("presence_penalty", "there are no penalties"),
            Self::Stop => ("stop", "there are no stop texts"),
            Self::Seed => ("seed", "sampling cannot be made repeatable"),
            Self::N => ("n", "one answer per request; send it several times"),
            Self::Logprobs => ("logprobs", "log probabilities are not reported"),
            Self::TopLogprobs => ("top_logprobs", "log probabilities of other tokens are not reported"),
            Self::Metadata => ("provider_metadata", "requests have no labels"),
            Self::User => ("user", "the user is not recorded"),
            Self::SafetyIdentifier => {
                ("safety_identifier", "there is no such field; `user` identifies the user")
            }
            Self::ServiceTier => ("service_tier", "there are no service tiers"),
            Self::Verbosity => {
                ("verbosity", "the length of the answer cannot be set; ask for it in the prompt")
            }
            Self::Betas => ("betas", "only Anthropic has them"),
            Self::Cache => ("cache", "the whole prompt cannot be cached"),
            Self::PromptCache => ("prompt_cache", "prompts are not cached"),
            Self::Dimensions => ("dimensions", "embeddings have the model's own length"),
            Self::InputType => (
                "input_type",
                "there is no field for it; a provider's own `input_type` goes into `extra_body`",
            ),
            Self::TopN => ("top_n", "all documents are returned"),
            Self::Size => ("size", "the size of images cannot be chosen"),
            Self::Quality => ("quality", "the quality of images cannot be chosen"),
            Self::Speed => ("speed", "the speed of speech cannot be chosen"),
            Self::Instructions => ("instructions", "how the text is spoken cannot be described"),
            Self::Language => ("language", "the language of a recording cannot be named"),
            Self::Prompt => ("prompt", "words to expect cannot be named"),
        }
    }

    /// Its name, as callers write it.
    pub(crate) const fn name(self) -> &'static str {
        self.texts().0
    }

    /// Refuses it for the common reason.
    pub(crate) fn refuse(self, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
        let (name, reason) = self.texts();
        refusals.add(name, reason)
    }
}

/// One option as a request has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestedOption {
    pub(crate) option: RequestOption,
    /// Whether the request sets it to anything but its neutral value.
    pub(crate) is_set: bool,
    /// What a provider's row says that it does not have, and how that is said of the provider.
    lacking: Option<(Feature, &'static str)>,
}

impl RequestedOption {
    const fn new(option: RequestOption, is_set: bool, lacking: Option<(Feature, &'static str)>) -> Self {
        Self { option, is_set, lacking }
    }
}

/// A request that has options.
pub(crate) trait Options: Clone + 'static {
    /// Every option it may have.
    fn options(&self) -> impl IntoIterator<Item = RequestedOption>;

    /// Takes `option` out of the request.
    fn clear(&mut self, option: RequestOption);
}

/// Looks at the value of an option and refuses what cannot be carried of it, by the option's own name or a part of it
/// (`response_format.strict`). An encoder need not know of an option that was dropped whole; it leaves out the parts.
pub(crate) type Rule<R> = fn(&R, &Quirks, &mut Refusals) -> Result<(), UnsupportedField>;

/// Makes what is not an option fit, by the provider's row too. `None` where it fits already.
pub(crate) type ContentRule<R> = fn(&R, &Quirks, &mut Refusals) -> Result<Option<R>, UnsupportedField>;

/// What a dialect does with the options of a request. An option that none of the lists names is refused.
pub(crate) struct Carried<R: 'static> {
    /// Carried, whatever their values.
    pub(crate) options: &'static [RequestOption],
    /// Carried as far as these let them; one option may have several.
    pub(crate) rules: &'static [(RequestOption, Rule<R>)],
    /// Left out with a note about it, never refused: no answer is wrong without them.
    pub(crate) noted: &'static [(RequestOption, &'static str)],
    /// What else there is to say of options that are refused.
    pub(crate) reasons: &'static [(RequestOption, &'static str)],
    /// Why all others are refused, where it is always the same.
    pub(crate) reason: Option<&'static str>,
    /// Makes the rest of the request fit first, where there is more to a request than options.
    pub(crate) content: Option<ContentRule<R>>,
}

impl<R> Carried<R> {
    /// No option at all, for the common reasons.
    pub(crate) const NOTHING: Self =
        Self { options: &[], rules: &[], noted: &[], reasons: &[], reason: None, content: None };
}

impl<R> Carried<R> {
    /// The names of the options that are carried, each with whether it is whatever its value.
    pub(crate) fn names(&self) -> Vec<(&'static str, bool)> {
        let mut names: Vec<_> = self.options.iter().map(|option| (option.name(), true)).collect();
        for (option, _) in self.rules {
            if !names.iter().any(|(name, _)| *name == option.name()) {
                names.push((option.name(), false));
            }
        }
        names
    }
}

impl<R: Options> Carried<R> {
    /// The request without the options that are dropped, or the refusal of the first that cannot be carried.
    pub(crate) fn fit<'a>(
        &self,
        request: &'a R,
        quirks: &Quirks,
        refusals: &mut Refusals,
    ) -> Result<Cow<'a, R>, UnsupportedField> {
        let changed = self.content.map(|fit| fit(request, quirks, refusals)).transpose()?.flatten();
        if let Some(changed) = changed {
            return Ok(Cow::Owned(self.fit_options(&changed, quirks, refusals)?.into_owned()));
        }
        self.fit_options(request, quirks, refusals)
    }

    fn fit_options<'a>(
        &self,
        request: &'a R,
        quirks: &Quirks,
        refusals: &mut Refusals,
    ) -> Result<Cow<'a, R>, UnsupportedField> {
        let mut fitted = Cow::Borrowed(request);
        for requested in request.options() {
            let option = requested.option;
            let before = refusals.dropped.len();
            if requested.is_set {
                self.fit_whole(requested, quirks, refusals)?;
            }
            for (_, rule) in self.rules.iter().filter(|(of, _)| *of == option) {
                if refusals.has_dropped(option.name(), before) {
                    break;
                }
                rule(&fitted, quirks, refusals)?;
            }
            if refusals.has_dropped(option.name(), before) {
                fitted.to_mut().clear(option);
            }
        }
        Ok(fitted)
    }

    /// Refuses or notes an option that is asked for, whatever its value.
    fn fit_whole(
        &self,
        RequestedOption { option, lacking, .. }: RequestedOption,
        quirks: &Quirks,
        refusals: &mut Refusals,
    ) -> Result<(), UnsupportedField> {
        if let Some((feature, what)) = lacking
            && !quirks.supports(feature)
        {
            return refusals.add(option.name(), &quirks.reason(what));
        }
        if self.options.contains(&option) || self.rules.iter().any(|(of, _)| *of == option) {
            return Ok(());
        }
        let of = |list: &[(RequestOption, &'static str)]| {
            list.iter().find(|(of, _)| *of == option).map(|(_, reason)| *reason)
        };
        if let Some(reason) = of(self.noted) {
            refusals.note(option.name(), reason);
            return Ok(());
        }
        match of(self.reasons).or(self.reason) {
            Some(reason) => refusals.add(option.name(), reason),
            None => option.refuse(refusals),
        }
    }
}
