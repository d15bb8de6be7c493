//! Costs of responses: the rules, example by example.

use ferrule_catalog::{Catalog, Cost, Entry, Found, Quantities, Source};
use ferrule_wire::model::Usage;
use proptest::prelude::*;

/// 2026-11-25.
const AT: i64 = 1_795_600_000;

fn with(prices: &str) -> Catalog {
    Catalog::builtin().with(Entry::read("acme/x", &format!(r#"{{"prices": {prices}}}"#)).ok())
}

fn quantities(figures: &[(&str, u64)]) -> Quantities {
    let mut quantities = Quantities::new();
    for (name, quantity) in figures {
        assert!(quantities.set(name, *quantity), "{name}");
    }
    quantities
}

fn cost_at(prices: &str, figures: &[(&str, u64)], at: i64) -> Option<Cost> {
    with(prices).find("acme", "x").and_then(|found: Found<'_>| found.price(&quantities(figures), at, &[]))
}

fn total(prices: &str, figures: &[(&str, u64)]) -> Option<String> {
    cost_at(prices, figures, AT).map(|cost| cost.total.to_string())
}

#[test]
fn an_unknown_price_is_none_and_not_zero() {
    assert_eq!(total("{}", &[("input_tokens", 5), ("output_tokens", 5)]), None);
    assert_eq!(total(r#"{"audio_hours": 1}"#, &[("input_tokens", 5), ("output_tokens", 5)]), None);
}

#[test]
fn an_unknown_figure_that_matters_is_none() {
    let prices = r#"{"input_mtok": 1, "output_mtok": 2}"#;
    assert_eq!(total(prices, &[]), None);
    assert_eq!(total(prices, &[("input_tokens", 5)]), None);
    assert_eq!(total(prices, &[("output_tokens", 5)]), None);
    assert_eq!(total(r#"{"input_mtok": 1}"#, &[("input_tokens", 5)]).unwrap(), "0.000005");
}

#[test]
fn free_is_zero() {
    let free = r#"{"input_mtok": 0, "output_mtok": 0}"#;
    assert_eq!(total(free, &[("input_tokens", 5), ("output_tokens", 5)]).unwrap(), "0");
    assert_eq!(total(free, &[]).unwrap(), "0");
    assert_eq!(total(r#"{"input_mtok": 1, "output_mtok": 0}"#, &[("input_tokens", 1)]).unwrap(), "0.000001");
}

#[test]
fn audio_without_a_price_is_unknown_and_not_charged_as_text() {
    let prices = r#"{"input_mtok": 1, "output_mtok": 2}"#;
    let text = [("input_tokens", 5), ("output_tokens", 5), ("input_audio_tokens", 0)];
    assert_eq!(total(prices, &text).unwrap(), "0.000015");
    for sound in ["input_audio_tokens", "output_audio_tokens"] {
        let figures = [("input_tokens", 5), ("output_tokens", 5), (sound, 3)];
        assert_eq!(total(prices, &figures), None, "{sound}");
        let priced = prices.replace('}', &format!(r#", "{}": 10}}"#, sound.replace("tokens", "mtok")));
        assert!(total(&priced, &figures).is_some(), "{sound}");
        assert_eq!(total(r#"{"input_mtok": 0, "output_mtok": 0}"#, &figures).unwrap(), "0");
    }
}

#[test]
fn tiers_are_cliffs() {
    let prices = r#"{"input_mtok": [1, [200000, 2], [500000, 4]], "output_mtok": [10, [200000, 20]]}"#;
    let cost = |input| total(prices, &[("input_tokens", input), ("output_tokens", 1_000_000)]).unwrap();
    assert_eq!(cost(200_000), "10.2");
    assert_eq!(cost(200_001), "20.400002");
    assert_eq!(cost(500_000), "21");
    assert_eq!(cost(500_001), "22.000004");
}

#[test]
fn each_token_is_counted_once() {
    let prices = r#"{"input_mtok": 10, "output_mtok": 100, "cache_read_mtok": 1, "cache_write_mtok": 12, "cache_write_1h_mtok": 20, "output_reasoning_mtok": 200}"#;
    let figures = [
        ("input_tokens", 100),
        ("cache_read_tokens", 50),
        ("cache_write_tokens", 30),
        ("cache_write_1h_tokens", 10),
        ("output_tokens", 10),
        ("reasoning_tokens", 4),
    ];
    let cost = cost_at(prices, &figures, AT).unwrap();
    let parts: Vec<(&str, u64, String)> =
        cost.parts.iter().map(|part| (part.unit.name, part.quantity, part.amount.to_string())).collect();
    let expected = [
        ("cache_write_1h_tokens", 10, "0.0002"),
        ("cache_read_tokens", 50, "0.00005"),
        ("cache_write_tokens", 20, "0.00024"),
        ("reasoning_tokens", 4, "0.0008"),
        ("input_tokens", 20, "0.0002"),
        ("output_tokens", 6, "0.0006"),
    ];
    assert_eq!(parts, expected.map(|(name, quantity, amount)| (name, quantity, amount.to_owned())));
    assert_eq!(cost.total.to_string(), "0.00209");
}

#[test]
fn a_missing_cache_price_is_the_input_price_and_zero_is_free() {
    let figures = [("input_tokens", 100), ("cache_read_tokens", 90), ("output_tokens", 0)];
    assert_eq!(total(r#"{"input_mtok": 10, "output_mtok": 1}"#, &figures).unwrap(), "0.001");
    assert_eq!(
        total(r#"{"input_mtok": 10, "output_mtok": 1, "cache_read_mtok": 0}"#, &figures).unwrap(),
        "0.0001"
    );
}

#[test]
fn parts_larger_than_their_whole_are_charged_as_they_are() {
    // OpenRouter has reported 11 reasoning tokens of 10 (docs/wire/caching-thinking-tools.md, section 3).
    let prices = r#"{"input_mtok": 0, "output_mtok": 1, "output_reasoning_mtok": 2}"#;
    let figures = [("input_tokens", 1), ("output_tokens", 10), ("reasoning_tokens", 11)];
    assert_eq!(total(prices, &figures).unwrap(), "0.000022");
}

#[test]
fn prices_change_by_date_and_by_hour() {
    let dated = r#"[{"rates": {"input_mtok": 1}}, {"from": "2026-01-01", "rates": {"input_mtok": 2}}]"#;
    let hourly = r#"[{"rates": {"input_mtok": 1}}, {"between": ["16:30:00", "00:30:00"], "rates": {"input_mtok": 2}}]"#;
    let cost = |prices, at: &str| {
        let at: jiff::Timestamp = at.parse().unwrap();
        let cost = cost_at(prices, &[("input_tokens", 1_000_000)], at.as_second()).unwrap();
        cost.total.to_string()
    };
    assert_eq!(cost(dated, "2025-12-31T23:59:59Z"), "1");
    assert_eq!(cost(dated, "2026-01-01T00:00:00Z"), "2");
    for (time, expected) in
        [("16:29:59", "1"), ("16:30:00", "2"), ("00:00:00", "2"), ("00:29:59", "2"), ("00:30:00", "1")]
    {
        assert_eq!(cost(hourly, &format!("2026-05-05T{time}Z")), expected, "{time}");
    }
}

#[test]
fn batch_prices_do_not_apply_with_another_providers_price_list() {
    let figures = quantities(&[("input_tokens", 1_000_000), ("output_tokens", 0)]);
    let cost = |provider, context: &[(&str, &str)]| {
        let found = Catalog::builtin().find(provider, "gpt-4.1").unwrap();
        found.price(&figures, AT, context).unwrap().total.to_string()
    };
    let batch = [("processing", "batch"), ("unknown", "ignored")];
    assert_eq!((cost("openai", &[]), cost("openai", &batch)), ("2".to_owned(), "1".to_owned()));
    assert_eq!(cost("azure", &batch), "2");
}

proptest! {
    /// Any reported usage gives a sum of its parts or none, never a panic.
    #[test]
    fn any_usage_of_any_model_has_a_sum_or_none(
        place in 0..2000_usize,
        at in any::<i64>(),
        figures in prop::array::uniform11(prop::option::of(prop_oneof![0..10_u64, 0..1_000_000_u64, any::<u64>()])),
    ) {
        let model = Catalog::builtin().all().nth(place).unwrap();
        let found = Catalog::builtin().find(&model.provider, &model.id);
        let [input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_5m_tokens,
            cache_write_30m_tokens, cache_write_1h_tokens, cache_write_12h_tokens, reasoning_tokens, input_audio_tokens, output_audio_tokens] = figures;
        let usage = Usage { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_5m_tokens,
            cache_write_30m_tokens, cache_write_1h_tokens, cache_write_12h_tokens, reasoning_tokens,
            input_audio_tokens, output_audio_tokens, ..Usage::default() };
        if let Some(cost) = found.and_then(|found| found.price(&Quantities::from(&usage), at, &[])) {
            let sum = cost.parts.iter().try_fold(ferrule_catalog::Amount::ZERO, |sum, part| sum.checked_add(part.amount));
            prop_assert_eq!(sum, Some(cost.total));
        }
    }
}

mod answers {
    //! Costs of complete answers.

    use super::{AT, with};
    use ferrule_catalog::{Catalog, UsageRecord};
    use ferrule_wire::{
        dialect,
        json::{Extra, Json},
        model::{Response, Usage},
    };

    fn extra(fields: &[(&str, &str)]) -> Extra {
        fields.iter().filter_map(|(name, text)| Some(((*name).to_owned(), Json::parse(text).ok()?))).collect()
    }

    fn response(model: &str, usage: Extra, fields: Extra) -> Response {
        let usage =
            Usage { input_tokens: Some(1_000_000), output_tokens: Some(0), extra: usage, ..Usage::default() };
        Response { model: model.into(), usage: Some(usage), extra: fields, ..Response::default() }
    }

    fn total(provider: &str, asked: &str, response: &Response) -> Option<String> {
        let cost = UsageRecord::new(provider, asked, response, AT).cost(Catalog::builtin())?;
        Some(format!("{}{}", cost.total, if cost.reported { " reported" } else { "" }))
    }

    #[test]
    fn the_reported_cost_takes_precedence() {
        let reported = |text| response("x/unknown", extra(&[("cost", text)]), Extra::new());
        assert_eq!(total("openrouter", "x", &reported("1.5e-05")).unwrap(), "0.000015 reported");
        assert_eq!(total("openrouter", "x", &reported("0")).unwrap(), "0 reported");
        for text in ["null", "-1", "\"1\"", "{\"total\": 1}"] {
            assert_eq!(total("openrouter", "x", &reported(text)), None, "{text}");
        }
    }

    #[test]
    fn reported_costs_of_several_requests_add_up_exactly() {
        let total = |costs: &[&str]| {
            let costs: Vec<Json> = costs.iter().map(|text| Json::parse(text).unwrap()).collect();
            let mut record = UsageRecord { provider: "litellm".into(), ..UsageRecord::default() };
            record.report(&costs);
            record.cost(Catalog::builtin()).map(|cost| (cost.total.to_string(), cost.reported))
        };
        assert_eq!(total(&["0.1", "0.2", "1e-7"]), Some(("0.3000001".to_owned(), true)));
        assert_eq!(total(&["0"]), Some(("0".to_owned(), true)));
        for costs in [&[][..], &["0.1", "null"], &["-1", "0.1"], &["\"1\""]] {
            assert_eq!(total(costs), None, "{costs:?}");
        }
    }

    #[test]
    fn the_answering_model_determines_the_price() {
        let none = Extra::new;
        assert_eq!(total("openai", "alias", &response("gpt-4.1-2025-04-14", none(), none())).unwrap(), "2");
        assert_eq!(total("bedrock", "amazon.nova-lite-v1:0", &response("", none(), none())).unwrap(), "0.06");
        assert_eq!(total("openai", "x", &response("y", none(), none())), None);
        let asked = response("gpt-4.1", none(), none());
        let own = UsageRecord::new("acme", "x", &asked, AT).cost(&with(r#"{"input_mtok": 7}"#));
        assert_eq!(own.unwrap().total.to_string(), "7");
    }

    #[test]
    fn tiers_and_searches_are_read_from_the_answer() {
        let priority = extra(&[("service_tier", "\"priority\"")]);
        assert_eq!(total("openai", "gpt-4.1", &response("", Extra::new(), priority)).unwrap(), "3.5");
        let searched = extra(&[("server_tool_use", r#"{"web_search_requests": 2}"#)]);
        let none = response("claude-3-5-sonnet", Extra::new(), Extra::new());
        assert_eq!(total("anthropic", "x", &none).unwrap(), "3");
        assert_eq!(
            total("anthropic", "x", &response("claude-3-5-sonnet", searched, Extra::new())).unwrap(),
            "3.02"
        );
    }

    /// The cost of a response of an operation other than chat, by the built-in prices.
    fn cost_with_units(
        provider: &str,
        asked: &str,
        usage: Usage,
        measured: &[(&'static str, u64)],
    ) -> Option<String> {
        let (provider, asked, measured) = (provider.into(), asked.into(), measured.to_vec());
        let record = UsageRecord { provider, asked, usage, measured, at: AT, ..UsageRecord::default() };
        record.cost(Catalog::builtin()).map(|cost| cost.total.to_string())
    }

    #[test]
    fn images_are_priced_by_the_kinds_of_their_tokens() {
        let usage = |details: &[(&str, &str)]| Usage {
            input_tokens: Some(1_000_000),
            output_tokens: Some(1_000_000),
            extra: extra(details),
            ..Usage::default()
        };
        let texts = [("input_tokens_details", r#"{"text_tokens":1000000,"image_tokens":0}"#)];
        assert_eq!(cost_with_units("openai", "gpt-image-1", usage(&texts), &[]).unwrap(), "45");
        let half = [("input_tokens_details", r#"{"text_tokens":500000,"image_tokens":500000}"#)];
        assert_eq!(cost_with_units("openai", "gpt-image-1", usage(&half), &[]).unwrap(), "47.5");
        let output = [("output_tokens_details", r#"{"text_tokens":500000,"image_tokens":500000}"#)];
        assert_eq!(cost_with_units("openai", "gpt-image-1.5", usage(&output), &[]).unwrap(), "26");
        let whole = [("output_image_tokens", 1_000_000)];
        assert_eq!(cost_with_units("openai", "gpt-image-1.5", usage(&[]), &whole).unwrap(), "37");
        assert_eq!(cost_with_units("openai", "gpt-image-1", Usage::default(), &[]), None);
    }

    #[test]
    fn audio_is_priced_by_seconds_tokens_or_characters() {
        let timed = |seconds: &str, kind: &str| Usage {
            extra: extra(&[("type", kind), ("seconds", seconds)]),
            ..Usage::default()
        };
        let duration = "\"duration\"";
        assert_eq!(cost_with_units("openai", "whisper-1", timed("3600", duration), &[]).unwrap(), "0.36");
        assert_eq!(cost_with_units("openai", "whisper-1", timed("3599.2", duration), &[]).unwrap(), "0.36");
        for (seconds, kind) in
            [("-1", duration), ("1e30", duration), ("\"9\"", duration), ("9", "\"tokens\"")]
        {
            assert_eq!(
                cost_with_units("openai", "whisper-1", timed(seconds, kind), &[]),
                None,
                "{seconds} {kind}"
            );
        }
        assert_eq!(cost_with_units("openai", "whisper-1", Usage::default(), &[]), None);
        let tokens = Usage {
            input_tokens: Some(1_000_000),
            input_audio_tokens: Some(1_000_000),
            output_tokens: Some(0),
            ..Usage::default()
        };
        assert_eq!(cost_with_units("openai", "gpt-4o-transcribe", tokens, &[]).unwrap(), "6");
        let said = [("input_characters", 2_000_000)];
        assert_eq!(cost_with_units("openai", "tts-1", Usage::default(), &said).unwrap(), "30");
        // Priced by tokens, which are not reported.
        assert_eq!(cost_with_units("openai", "gpt-4o-mini-tts", Usage::default(), &said), None);
    }

    /// Shape: `docs/wire/late-2026.md`, section 2.
    #[test]
    fn turns_are_priced_at_the_models_that_ran() {
        let catalog = with(r#"{"input_mtok": 1, "output_mtok": 2}"#).with(
            ferrule_catalog::Entry::read("acme/y", r#"{"prices": {"input_mtok": 10, "output_mtok": 20}}"#)
                .ok(),
        );
        let answered_by = |model: &str, iterations: &str, output: u64| {
            let usage = Usage {
                input_tokens: Some(1_000_000),
                output_tokens: Some(output),
                extra: extra(&[("iterations", iterations)]),
                ..Usage::default()
            };
            let response = Response { model: model.into(), usage: Some(usage), ..Response::default() };
            let record = UsageRecord::new("acme", "x", &response, AT);
            record.cost(&catalog).map(|cost| cost.total.to_string())
        };
        let cost = |iterations: &str, output: u64| answered_by("x", iterations, output);
        let message = r#"{"type":"message","input_tokens":1000000,"output_tokens":1000000}"#;
        let compaction = message.replace("message", "compaction");
        let fallback = message.replace(r#""message""#, r#""fallback_message","model":"y""#);
        assert_eq!(cost("[]", 1_000_000).unwrap(), "3");
        assert_eq!(cost(&format!("[{message}]"), 1_000_000).unwrap(), "3");
        // In addition to the total, or included in it.
        assert_eq!(cost(&format!("[{compaction},{message}]"), 1_000_000).unwrap(), "6");
        assert_eq!(cost(&format!("[{message},{fallback}]"), 1_000_000).unwrap(), "33");
        assert_eq!(cost(&format!("[{message},{fallback}]"), 2_000_000).unwrap(), "33");
        // Even if the response names the other model.
        assert_eq!(answered_by("y", &format!("[{message},{fallback}]"), 1_000_000).unwrap(), "33");
        // The first model gave up after 4 tokens; the usage is that of its replacement.
        let gave_up = r#"{"type":"message","input_tokens":1000000,"output_tokens":4}"#;
        assert_eq!(cost(&format!("[{gave_up},{fallback}]"), 1_000_000).unwrap(), "31.000008");
        // A step that names its model.
        let named = message.replace(r#""message""#, r#""message","model":"y""#);
        assert_eq!(cost(&format!("[{named}]"), 1_000_000).unwrap(), "30");
        // A model without a price; and inconsistent turns.
        let unknown = fallback.replace("\"y\"", "\"z\"");
        assert_eq!(cost(&format!("[{message},{unknown}]"), 1_000_000), None);
        assert_eq!(cost(&format!("[{message},{fallback}]"), 7).unwrap(), "1.000014");
    }

    #[test]
    fn bodies_keep_the_fields_that_affect_the_cost() {
        let decode = |dialect: &str, body: &str| {
            dialect::registry::find(dialect).unwrap().decode_response(body.as_bytes()).unwrap()
        };
        // Shapes: `docs/wire/openrouter.md`, `docs/wire/openai-chat.md`, `docs/wire/anthropic.md`.
        let choices = r#""choices":[{"index":0,"message":{"role":"assistant","content":"Hi."},"finish_reason":"stop"}]"#;
        let routed = format!(
            r#"{{"id":"gen-1","model":"x/y","object":"chat.completion","created":1,{choices},"usage":{{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,"cost":0.00014,"is_byok":false}}}}"#
        );
        assert_eq!(total("openrouter", "x/y", &decode("openai-chat", &routed)).unwrap(), "0.00014 reported");
        let tiered = format!(
            r#"{{"id":"c-1","model":"gpt-4.1","object":"chat.completion","created":1,"service_tier":"priority",{choices},"usage":{{"prompt_tokens":1000000,"completion_tokens":0,"total_tokens":1000000}}}}"#
        );
        assert_eq!(total("openai", "gpt-4.1", &decode("openai-chat", &tiered)).unwrap(), "3.5");
        let searched = r#"{"id":"m","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"text","text":"Hi."}],"stop_reason":"end_turn","usage":{"input_tokens":100,"cache_creation_input_tokens":300,"cache_read_input_tokens":1000,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":10,"server_tool_use":{"web_search_requests":1},"service_tier":"standard"}}"#;
        // 100 * 3 + 100 * 3.75 + 200 * 6 + 1000 * 0.3 + 10 * 15 millionths, and a search for 0.01.
        assert_eq!(total("anthropic", "x", &decode("anthropic", searched)).unwrap(), "0.012325");
    }

    #[test]
    fn unknown_usage_is_an_unknown_cost() {
        let silent = Response { model: "gpt-4.1".into(), ..Response::default() };
        assert_eq!(total("openai", "gpt-4.1", &silent), None);
    }
}

#[test]
fn unusual_cache_times_need_their_own_price() {
    let prices = r#"{"input_mtok": 1, "output_mtok": 2, "cache_write_mtok": 1.25}"#;
    for (unit, price) in [
        ("cache_write_30m_tokens", "cache_write_30m_mtok"),
        ("cache_write_1h_tokens", "cache_write_1h_mtok"),
        ("cache_write_12h_tokens", "cache_write_12h_mtok"),
    ] {
        let figures = [("input_tokens", 4), ("output_tokens", 0), ("cache_write_tokens", 4), (unit, 4)];
        assert_eq!(total(prices, &figures), None, "{unit}");
        let priced = prices.replace('}', &format!(r#", "{price}": 2.5}}"#));
        assert_eq!(total(&priced, &figures).unwrap(), "0.00001", "{unit}");
        let none = [("input_tokens", 4), ("output_tokens", 0), ("cache_write_tokens", 4), (unit, 0)];
        assert_eq!(total(prices, &none).unwrap(), "0.000005", "{unit}");
    }
    let five_minutes =
        [("input_tokens", 4), ("output_tokens", 0), ("cache_write_tokens", 4), ("cache_write_5m_tokens", 4)];
    assert_eq!(total(prices, &five_minutes).unwrap(), "0.000005");
}

/// docs/wire/late-2026.md, section 6: written for 1.25 times the input price (30 minutes) or 2.5 times (12 hours).
#[test]
fn openais_30_minute_and_12_hour_caches_have_prices() {
    let cost = |provider: &str, model: &str, unit: &str| {
        let figures = [
            ("input_tokens", 100_000),
            ("output_tokens", 0),
            ("cache_write_tokens", 100_000),
            (unit, 100_000),
        ];
        let found = Catalog::builtin().find(provider, model).unwrap();
        found.price(&quantities(&figures), AT, &[]).map(|cost| cost.total.to_string())
    };
    for provider in ["openai", "azure"] {
        assert_eq!(cost(provider, "gpt-5.6-sol", "cache_write_30m_tokens").unwrap(), "0.5", "{provider}");
        assert_eq!(cost(provider, "gpt-5.6-sol", "cache_write_12h_tokens").unwrap(), "1", "{provider}");
    }
    assert_eq!(cost("anthropic", "claude-sonnet-4-5", "cache_write_12h_tokens"), None);
}

#[test]
fn prices_change_by_weekday_except_on_listed_days() {
    let prices = r#"[{"until": "2026-12-01", "rates": {"input_mtok": 1}},
        {"from": "2026-08-16T16:00:00Z", "until": "2026-12-01", "between": ["01:00:00", "04:00:00"],
         "days": ["mon", "tue", "wed", "thu", "fri"], "except": ["2026-10-01"], "rates": {"input_mtok": 2}}]"#;
    let cost = |at: &str| {
        let at: jiff::Timestamp = at.parse().unwrap();
        cost_at(prices, &[("input_tokens", 1_000_000)], at.as_second()).map(|cost| cost.total.to_string())
    };
    for (at, expected) in [
        ("2026-08-14T02:00:00Z", Some("1")), // a Friday, before it begins
        ("2026-08-17T02:00:00Z", Some("2")), // a Monday
        ("2026-08-17T04:00:00Z", Some("1")),
        ("2026-08-21T03:59:59Z", Some("2")), // a Friday
        ("2026-08-22T02:00:00Z", Some("1")), // a Saturday
        ("2026-08-23T02:00:00Z", Some("1")),
        ("2026-10-01T02:00:00Z", Some("1")), // a Thursday that is excepted
        ("2026-11-30T23:59:59Z", Some("1")),
        ("2026-12-01T00:00:00Z", None),
    ] {
        assert_eq!(cost(at).as_deref(), expected, "{at}");
    }
    for (wrong, message) in [
        (r#"{"days": ["monday"], "rates": {}}"#, "`monday` is not a day of the week"),
        (r#"{"until": "soon", "rates": {}}"#, "`soon` is not a date"),
        (r#"{"between": ["1", "2"], "rates": {}}"#, "`1` is not a time of day"),
    ] {
        let error = Entry::read("acme/x", &format!(r#"{{"prices": [{wrong}]}}"#)).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}

/// https://api-docs.deepseek.com/quick_start/pricing, as tools/catalog.toml quotes it.
#[test]
fn deepseeks_prices_match_its_page() {
    let cost = |model: &str, at: &str| {
        let at: jiff::Timestamp = at.parse().unwrap();
        let figures = quantities(&[("input_tokens", 0), ("output_tokens", 1_000_000)]);
        let found = Catalog::builtin().find("deepseek", model).unwrap();
        found.price(&figures, at.as_second(), &[]).map(|cost| cost.total.to_string())
    };
    for (model, at, expected) in [
        // The night discount of these ended in September 2025.
        ("deepseek-chat", "2026-05-05T20:00:00Z", None),
        ("deepseek-chat", "2026-05-05T12:00:00Z", None),
        ("deepseek-reasoner", "2026-05-05T20:00:00Z", None),
        ("deepseek-v4-pro", "2026-08-03T02:00:00Z", Some("0.87")), // before hours counted
        ("deepseek-v4-pro", "2026-08-16T18:00:00Z", Some("1.98")),
        ("deepseek-v4-pro", "2026-08-22T02:00:00Z", Some("3.96")), // a Saturday, the last that counted
        ("deepseek-v4-pro", "2026-08-29T02:00:00Z", Some("1.98")),
        ("deepseek-v4-pro", "2026-11-30T09:59:59Z", Some("3.96")), // a Monday
        ("deepseek-v4-pro", "2026-11-30T10:00:00Z", Some("1.98")),
        ("deepseek-v4-pro", "2026-10-01T02:00:00Z", Some("1.98")), // the National Day
        ("deepseek-v4-flash", "2026-08-24T02:00:00Z", Some("1.32")),
        ("deepseek-v4-flash", "2026-11-30T02:00:00Z", Some("1.2")),
        ("deepseek-flash", "2026-11-30T02:00:00Z", Some("1.2")),
        ("deepseek-flash", "2026-11-29T02:00:00Z", Some("0.6")),
    ] {
        assert_eq!(cost(model, at).as_deref(), expected, "{model} {at}");
    }
}

/// The date of a price is the day on which it was compared with its provider's page, or from which it applies.
#[test]
fn each_price_has_its_own_date() {
    let date = |provider: &str, model: &str, at: &str, context: &[(&str, &str)]| {
        let at: jiff::Timestamp = at.parse().unwrap();
        let figures = quantities(&[("input_tokens", 1), ("output_tokens", 1)]);
        let found = Catalog::builtin().find(provider, model).unwrap();
        let cost = found.price(&figures, at.as_second(), context).unwrap();
        assert_eq!((cost.source.name.as_str(), cost.source.version.is_some()), ("genai-prices", true));
        cost.source.date.clone()
    };
    let day = |text: &str| Some(text.to_owned());
    let now = "2026-11-30T12:00:00Z";
    assert_eq!(date("deepseek", "deepseek-v3.2", now, &[]), day("2026-06-09"));
    assert_eq!(date("deepseek", "deepseek-v4-pro", now, &[]), day("2026-10-16"));
    assert_eq!(date("x-ai", "grok-4.20", now, &[]), day("2026-04-30"));
    assert_eq!(date("google", "gemini-4-argon", now, &[]), None);
    assert_eq!(date("google", "gemini-4-argon", "2026-12-01T00:00:00Z", &[]), day("2026-12-01"));
    assert_eq!(date("google", "gemini-4-argon", now, &[("processing", "batch")]), day("2026-10-14"));
    let own = r#"[{"checked": "2026-11-01", "rates": {"input_mtok": 1}}]"#;
    let cost = cost_at(own, &[("input_tokens", 1)], AT).unwrap();
    assert_eq!(
        (cost.source.name.as_str(), cost.source.date.as_deref()),
        ("configuration", Some("2026-11-01"))
    );
}

/// The rule for every sum of costs: the turns of a response, the attempts at a parsed answer, a run.
#[test]
fn costs_add_up_with_their_parts_and_sources() {
    let priced =
        |price: &str| cost_at(&format!(r#"{{"input_mtok": {price}}}"#), &[("input_tokens", 1_000_000)], AT);
    let own = || priced("2");
    let reported = |total: &str| Some(Cost::reported(total.parse().unwrap(), "openrouter"));
    let free = || cost_at(r#"{"input_mtok": 0}"#, &[("input_tokens", 5)], AT);
    let said = |costs: Vec<Option<Cost>>| {
        Cost::sum(costs).map(|cost| {
            let parts = cost.parts.iter().map(|part| format!("{} {}", part.quantity, part.amount));
            (
                cost.total.to_string(),
                parts.collect::<Vec<_>>().join(","),
                cost.source.name.clone(),
                cost.reported,
            )
        })
    };
    let row = |total: &str, parts: &str, source: &str, is_reported| {
        Some((total.to_owned(), parts.to_owned(), source.to_owned(), is_reported))
    };
    for (costs, expected) in [
        (vec![], None),
        (vec![own(), None], None),
        (vec![None, own()], None),
        (vec![own()], row("2", "1000000 2", "configuration", false)),
        (vec![own(), priced("3")], row("5", "2000000 5", "configuration", false)),
        // A total without parts removes those of the sum, wherever it stands.
        (vec![reported("0.5"), own()], row("2.5", "", "openrouter, configuration", false)),
        (vec![own(), reported("0.5"), own()], row("4.5", "", "configuration, openrouter", false)),
        (vec![reported("0.5"), reported("0.25")], row("0.75", "", "openrouter", true)),
        // A free response has no parts, and removes none.
        (vec![free(), own()], row("2", "1000000 2", "configuration", false)),
        (vec![own(), reported("0")], row("2", "1000000 2", "configuration, openrouter", false)),
    ] {
        assert_eq!(said(costs.clone()), expected, "{costs:?}");
    }
    // The version, date and licence that all share.
    let (mut one, mut two) = (own().unwrap(), own().unwrap());
    let source = |version: &str, date: &str| Source {
        name: "prices".into(),
        version: Some(version.into()),
        date: Some(date.into()),
        licence: Some("MIT".into()),
    };
    one.source = source("1", "2026-11-01").into();
    two.source = source("2", "2026-11-01").into();
    let sum = one.plus(two).unwrap().source;
    assert_eq!(*sum, Source { version: None, ..source("1", "2026-11-01") });
}
