//! Usage, in both directions.
//!
//! The API counts thoughts separately from the answer, and what its own tools read separately from the prompt; ours
//! includes both (section 3). Figures that are zero are mostly left out, so an answer's missing count follows from the
//! total, where the total is there.

use crate::dialect::shared::lenient::{count, take_count};
use crate::json::{Extra, Fields, Json, ObjectWriter, write_array};
use crate::model::Usage;

const TOTAL: &str = "totalTokenCount";
const TOOL_INPUT: &str = "toolUsePromptTokenCount";
const INPUT_DETAILS: &str = "promptTokensDetails";
const OUTPUT_DETAILS: &str = "candidatesTokensDetails";

/// Reads `usageMetadata`.
pub(super) fn decode(mut fields: Fields<'_>) -> Usage {
    let prompt = take_count(&mut fields, "promptTokenCount");
    let tools = fields.get(TOOL_INPUT).and_then(count);
    let candidates = take_count(&mut fields, "candidatesTokenCount");
    let thoughts = take_count(&mut fields, "thoughtsTokenCount");
    let total = take_count(&mut fields, TOTAL);
    let input_tokens = prompt.map(|prompt| prompt.saturating_add(tools.unwrap_or(0)));
    let output_tokens = match (candidates, thoughts) {
        (None, None) => total.zip(input_tokens).map(|(total, input)| total.saturating_sub(input)),
        // Gateways count thoughts in the answer too, as their total shows.
        (Some(candidates), Some(thoughts))
            if (1..=candidates).contains(&thoughts)
                && total.is_some()
                && sum(input_tokens, Some(candidates)) == total =>
        {
            Some(candidates)
        }
        (candidates, thoughts) => Some(candidates.unwrap_or(0).saturating_add(thoughts.unwrap_or(0))),
    };
    let input_audio_tokens = take_audio(&mut fields, INPUT_DETAILS);
    let output_audio_tokens = take_audio(&mut fields, OUTPUT_DETAILS);
    let cache_read_tokens = take_count(&mut fields, "cachedContentTokenCount");
    let was_ours = total.is_some() && sum(input_tokens, output_tokens) == total;
    let mut extra: Extra = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.into(), value.to_json()))
        .collect();
    if let Some(total) = total.filter(|_| !was_ours) {
        extra.insert(TOTAL, Json::written(total));
    }
    let mut usage = Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens,
        reasoning_tokens: thoughts,
        input_audio_tokens,
        output_audio_tokens,
        extra,
        ..Usage::default()
    };
    usage.include_cached();
    usage
}

/// Whether anything but fields without a name is said.
pub(super) fn has_figures(usage: &Usage) -> bool {
    let figures = [
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.reasoning_tokens,
        usage.input_audio_tokens,
        usage.output_audio_tokens,
    ];
    figures.iter().any(Option::is_some)
}

fn sum(input: Option<u64>, output: Option<u64>) -> Option<u64> {
    input.zip(output).map(|(input, output)| input.saturating_add(output))
}

/// The audio tokens in a list of details. A list that says nothing else is taken out.
fn take_audio(fields: &mut Fields<'_>, name: &str) -> Option<u64> {
    let details = fields.get(name)?.array()?;
    let audio = details.iter().find_map(|detail| {
        let mut detail = detail.object()?;
        let is_audio = detail.take_string("modality")? == "AUDIO";
        // A zero is left out.
        let count = take_count(&mut detail, "tokenCount").unwrap_or(0);
        is_audio.then_some((count, detail.is_empty()))
    });
    if details.len() == 1 && audio.is_some_and(|(_, is_all)| is_all) {
        fields.take(name);
    }
    audio.map(|(count, _)| count)
}

/// Writes `usageMetadata`.
pub(super) fn encode(usage: &Usage, body: &mut ObjectWriter<'_>) {
    let tools = usage.extra.get(TOOL_INPUT).and_then(|count| count.value().u64()).unwrap_or(0);
    let thoughts = usage.reasoning_tokens;
    let (input, output) = (usage.input_tokens, usage.output_tokens);
    body.object_with("usageMetadata", &usage.extra, |object| {
        object.optional("promptTokenCount", input.map(|input| input.saturating_sub(tools)));
        let candidates = output.map(|output| output.saturating_sub(thoughts.unwrap_or(0)));
        object.optional("candidatesTokenCount", candidates);
        object.optional(TOTAL, sum(input, output));
        object.optional("cachedContentTokenCount", usage.cache_read_tokens);
        object.optional("thoughtsTokenCount", thoughts);
        for (name, audio) in
            [(INPUT_DETAILS, usage.input_audio_tokens), (OUTPUT_DETAILS, usage.output_audio_tokens)]
        {
            if let Some(count) = audio {
                object.with(name, |out| {
                    write_array(out, [count], |out, count| {
                        let mut detail = ObjectWriter::begin(out);
                        detail.field("modality", "AUDIO").field("tokenCount", count);
                        detail.finish();
                    });
                });
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn read(text: &str) -> Usage {
        decode(Fields::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn thoughts_are_part_of_the_answer_and_tools_of_the_prompt() {
        // Recorded (section 3): 29 + 15 + 804 = 848.
        let usage = read(
            r#"{"promptTokenCount":29,"candidatesTokenCount":15,"totalTokenCount":848,"thoughtsTokenCount":804}"#,
        );
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(29), Some(819)));
        assert_eq!(usage.reasoning_tokens, Some(804));
        assert!(usage.extra.is_empty());
        let usage = read(
            r#"{"promptTokenCount":10,"toolUsePromptTokenCount":90,"candidatesTokenCount":5,"totalTokenCount":105,
            "cachedContentTokenCount":4,"promptTokensDetails":[{"modality":"TEXT","tokenCount":7},{"modality":"AUDIO","tokenCount":3}],
            "candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":2}],"trafficType":"ON_DEMAND"}"#,
        );
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(100), Some(5)));
        assert_eq!((usage.input_audio_tokens, usage.output_audio_tokens), (Some(3), Some(2)));
        assert_eq!(usage.cache_read_tokens, Some(4));
        let kept: Vec<_> = usage.extra.iter().map(|(name, _)| name).collect();
        assert_eq!(kept, ["toolUsePromptTokenCount", "promptTokensDetails", "trafficType"]);
    }

    #[test]
    fn what_is_not_said_is_unknown_unless_the_total_says_it() {
        assert_eq!(read("{}"), Usage::default());
        assert_eq!(read(r#"{"promptTokenCount":9}"#).output_tokens, None);
        assert_eq!(read(r#"{"promptTokenCount":9,"totalTokenCount":9}"#).output_tokens, Some(0));
        assert_eq!(read(r#"{"thoughtsTokenCount":9}"#).output_tokens, Some(9));
        let other = read(r#"{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":9}"#);
        assert_eq!(other.extra.get(TOTAL).unwrap().text(), "9");
    }
}
