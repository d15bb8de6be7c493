//! Options of a chat request, one line each.

use super::RequestOption::{
    Betas, Cache, FrequencyPenalty, Logprobs, MaxTokens, Metadata, N, ParallelToolCalls, PresencePenalty,
    PromptCache, Reasoning, ResponseFormat, SafetyIdentifier, Seed, ServiceTier, Stop, Temperature,
    ToolChoice, Tools, TopK, TopLogprobs, TopP, User, Verbosity,
};
use super::{Options, RequestOption, RequestedOption};
use crate::model::{self, Request};
use crate::quirks::Feature;

impl Options for Request {
    fn options(&self) -> impl IntoIterator<Item = RequestedOption> {
        // Taken apart in full, so that no option is forgotten here.
        let Self {
            model: _,
            messages: _,
            stream: _,
            extra: _,
            tools,
            tool_choice,
            parallel_tool_calls,
            response_format,
            reasoning,
            max_tokens,
            temperature,
            top_p,
            top_k,
            frequency_penalty,
            presence_penalty,
            stop,
            seed,
            n,
            logprobs,
            top_logprobs,
            metadata,
            user,
            safety_identifier,
            service_tier,
            verbosity,
            betas,
            cache,
            prompt_cache,
        } = self;
        let chooses = match tool_choice {
            None => false,
            // Without tools, that none or any of them may be called says nothing.
            Some(model::ToolChoice::Auto | model::ToolChoice::None) => !tools.is_empty(),
            Some(_) => true,
        };
        let has_form = !matches!(response_format, None | Some(model::ResponseFormat::Text));
        let penalises = |penalty: &Option<f64>| penalty.is_some_and(|penalty| penalty != 0.0);
        let lacks = |feature, what| Some((feature, what));
        [
            RequestedOption::new(Tools, !tools.is_empty(), lacks(Feature::Tools, "calls no tools")),
            RequestedOption::new(ToolChoice, chooses, lacks(Feature::Tools, "calls no tools")),
            RequestedOption::new(
                ParallelToolCalls,
                *parallel_tool_calls == Some(false),
                lacks(Feature::ParallelToolCalls, "decides itself how many tools are called at once"),
            ),
            RequestedOption::new(ResponseFormat, has_form, None),
            RequestedOption::new(Reasoning, reasoning.is_some(), None),
            RequestedOption::new(MaxTokens, max_tokens.is_some(), None),
            RequestedOption::new(
                Temperature,
                temperature.is_some(),
                lacks(Feature::Temperature, "takes no temperature"),
            ),
            RequestedOption::new(TopP, top_p.is_some(), lacks(Feature::TopP, "takes no top_p")),
            RequestedOption::new(TopK, top_k.is_some(), None),
            RequestedOption::new(
                FrequencyPenalty,
                penalises(frequency_penalty),
                lacks(Feature::FrequencyPenalty, "has no such penalty"),
            ),
            RequestedOption::new(
                PresencePenalty,
                penalises(presence_penalty),
                lacks(Feature::PresencePenalty, "has no such penalty"),
            ),
            RequestedOption::new(Stop, !stop.is_empty(), lacks(Feature::Stop, "takes no stop texts")),
            RequestedOption::new(
                Seed,
                seed.is_some(),
                lacks(Feature::Seed, "cannot make sampling repeatable"),
            ),
            RequestedOption::new(
                N,
                n.is_some_and(|n| n != 1),
                lacks(Feature::N, "gives one answer per request; send it several times"),
            ),
            RequestedOption::new(
                Logprobs,
                *logprobs == Some(true),
                lacks(Feature::Logprobs, "reports no log probabilities"),
            ),
            RequestedOption::new(
                TopLogprobs,
                top_logprobs.is_some_and(|count| count > 0),
                lacks(Feature::TopLogprobs, "reports no log probabilities of other tokens"),
            ),
            RequestedOption::new(Metadata, !metadata.is_empty(), lacks(Feature::Metadata, "keeps no labels")),
            RequestedOption::new(User, user.is_some(), lacks(Feature::User, "takes no id of the end user")),
            RequestedOption::new(
                SafetyIdentifier,
                safety_identifier.is_some(),
                lacks(Feature::SafetyIdentifier, "has no such field; `user` identifies the user"),
            ),
            RequestedOption::new(
                ServiceTier,
                service_tier.is_some(),
                lacks(Feature::ServiceTier, "has no service tiers"),
            ),
            RequestedOption::new(
                Verbosity,
                verbosity.is_some(),
                lacks(Feature::Verbosity, "takes no verbosity"),
            ),
            RequestedOption::new(Betas, !betas.is_empty(), None),
            RequestedOption::new(Cache, cache.is_some(), None),
            RequestedOption::new(
                PromptCache,
                prompt_cache.is_some(),
                lacks(Feature::PromptCache, "does not cache prompts"),
            ),
        ]
    }

    fn clear(&mut self, option: RequestOption) {
        match option {
            Tools => self.tools.clear(),
            ToolChoice => self.tool_choice = None,
            ParallelToolCalls => self.parallel_tool_calls = None,
            ResponseFormat => self.response_format = None,
            Reasoning => self.reasoning = None,
            MaxTokens => self.max_tokens = None,
            Temperature => self.temperature = None,
            TopP => self.top_p = None,
            TopK => self.top_k = None,
            FrequencyPenalty => self.frequency_penalty = None,
            PresencePenalty => self.presence_penalty = None,
            Stop => self.stop.clear(),
            Seed => self.seed = None,
            N => self.n = None,
            Logprobs => self.logprobs = None,
            TopLogprobs => self.top_logprobs = None,
            Metadata => self.metadata.clear(),
            User => self.user = None,
            SafetyIdentifier => self.safety_identifier = None,
            ServiceTier => self.service_tier = None,
            Verbosity => self.verbosity = None,
            Betas => self.betas.clear(),
            Cache => self.cache = None,
            PromptCache => self.prompt_cache = None,
            // Those of other operations.
            _ => {}
        }
    }
}
