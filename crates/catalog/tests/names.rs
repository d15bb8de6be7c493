//! Names that must stay resolvable, and name look-up.

use ferrule_catalog::{Catalog, Category, Entry, Quantities};

/// 2026-11-25.
const AT: i64 = 1_795_600_000;

fn id(provider: &str, name: &str) -> String {
    let found = Catalog::builtin().find(provider, name);
    found.map_or_else(|| format!("{provider}/{name} is unknown"), |model| model.id.to_string())
}

macro_rules! stays_resolvable {
    ($($test:ident: $provider:literal, $name:literal => $id:literal, $maker:literal, $context_window:expr, $category:expr;)*) => {$(
        #[test]
        fn $test() {
            assert_eq!(id($provider, $name), $id);
            let found = Catalog::builtin().find($provider, $name).unwrap();
            assert_eq!(found.facts.context_window, $context_window);
            assert_eq!(found.facts.category, $category);
            assert!(!found.prices.is_empty());
            let mut quantities = Quantities::new();
            assert!(quantities.set("input_tokens", 1000) && quantities.set("output_tokens", 1000));
            assert!(found.price(&quantities, AT, &[]).is_some());
            assert_eq!(Catalog::builtin().providers_of($name).first().copied(), Some($maker));
        }
    )*};
}
stays_resolvable! {
    claude_3_5_sonnet: "anthropic", "claude-3-5-sonnet" => "claude-3-5-sonnet", "anthropic", Some(200_000), Some(Category::Balanced);
    claude_3_5_sonnet_dated: "anthropic", "claude-3-5-sonnet-20241022" => "claude-3-5-sonnet", "anthropic", Some(200_000), Some(Category::Balanced);
    claude_3_opus: "anthropic", "claude-3-opus" => "claude-3-opus-latest", "anthropic", Some(200_000), Some(Category::Powerful);
    claude_3_sonnet: "anthropic", "claude-3-sonnet" => "claude-3-sonnet", "anthropic", Some(200_000), Some(Category::Balanced);
    claude_3_haiku: "anthropic", "claude-3-haiku" => "claude-3-haiku", "anthropic", Some(200_000), Some(Category::Fast);
    gpt_4o: "openai", "gpt-4o" => "gpt-4o", "openai", Some(128_000), Some(Category::Balanced);
    gpt_4o_mini: "openai", "gpt-4o-mini" => "gpt-4o-mini", "openai", Some(128_000), Some(Category::Fast);
    gpt_4_turbo: "openai", "gpt-4-turbo" => "gpt-4-turbo", "openai", Some(128_000), Some(Category::Powerful);
    o1: "openai", "o1" => "o1", "openai", Some(200_000), Some(Category::Powerful);
    o1_mini: "openai", "o1-mini" => "o1-mini", "openai", Some(128_000), Some(Category::Fast);
    o1_preview: "openai", "o1-preview" => "o1-preview", "openai", Some(128_000), Some(Category::Powerful);
    o1_pro: "openai", "o1-pro" => "o1-pro", "openai", Some(200_000), Some(Category::Powerful);
    gemini_2_0_flash: "gemini", "gemini-2.0-flash" => "gemini-2.0-flash", "google", Some(1_000_000), Some(Category::Fast);
    gemini_1_5_pro: "gemini", "gemini-1.5-pro" => "gemini-1.5-pro", "google", Some(1_000_000), Some(Category::Powerful);
    gemini_1_5_flash: "gemini", "gemini-1.5-flash" => "gemini-1.5-flash", "google", Some(1_000_000), Some(Category::Fast);
    command_r: "cohere", "command-r" => "command-r", "cohere", Some(128_000), Some(Category::Fast);
    command_r_plus: "cohere", "command-r-plus" => "command-r-plus", "cohere", Some(128_000), Some(Category::Balanced);
    command_light: "cohere", "command-light" => "command-light", "cohere", Some(4_096), Some(Category::Fast);
    llama3_2: "ollama", "llama3.2" => "llama3.2", "ollama", Some(131_072), Some(Category::Local);
    llama3_2_tagged: "ollama", "llama3.2:1b" => "llama3.2", "ollama", Some(131_072), Some(Category::Local);
    mistral: "ollama", "mistral" => "mistral", "ollama", Some(32_768), Some(Category::Local);
    codellama: "ollama", "codellama" => "codellama", "ollama", None, Some(Category::Local);
    phi_4: "ollama", "phi-4" => "phi-4", "ollama", Some(16_384), Some(Category::Local);
    qwen2_5: "ollama", "qwen2.5" => "qwen2.5", "ollama", Some(32_768), Some(Category::Local);
}

#[test]
fn our_ids_of_providers_are_known() {
    assert_eq!(
        id("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        id("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    );
    assert_eq!(id("vertex", "gemini-2.5-pro"), "gemini-2.5-pro");
    assert_eq!(id("xai", "grok-4.5"), id("x-ai", "grok-4.5"));
}

/// Providers of the table that have a price list, under any name.
#[test]
fn providers_with_a_price_list_are_known() {
    for (provider, model) in [
        ("azure-deployments", "gpt-4o"),
        ("azure-ai", "gpt-4o"),
        ("azure-anthropic", "claude-sonnet-4-5"),
        ("vertex-anthropic", "claude-sonnet-4-5@20250929"),
        ("codestral", "codestral-2508"),
        ("cohere-compat", "command-r"),
        ("moonshot", "kimi-k2-thinking"),
        ("ollama-compat", "qwen2.5:7b"),
    ] {
        assert!(Catalog::builtin().find(provider, model).is_some(), "{provider}/{model}");
    }
}

#[test]
fn a_name_is_found_however_it_is_written() {
    assert_eq!(id("OpenAI", "GPT-4o"), "gpt-4o");
    assert_eq!(id("openai", "gpt-5.2-20251211"), id("openai", "gpt-5.2-2025-12-11"));
}

#[test]
fn models_of_another_provider_are_found() {
    let found = Catalog::builtin().find("azure", "gpt-4.1").unwrap();
    assert_eq!(&*found.provider, "openai");
}

#[test]
fn unknown_names_are_not_guessed() {
    assert!(Catalog::builtin().find("my-vllm", "gpt-4o").is_none());
    assert!(Catalog::builtin().find("openai", "no-such-model").is_none());
    assert!(Catalog::builtin().find("openai", &"o1".repeat(10_000)).is_none());
    assert!(Catalog::builtin().providers_of("no-such-model").is_empty());
}

#[test]
fn users_add_their_own_and_correct_ours() {
    let entries = [
        ("acme/x", r#"{"context_window": 4096, "prices": {"input_mtok": 0.1, "output_mtok": "0.3"}}"#),
        ("openai/gpt-4o", r#"{"context_window": 64000}"#),
        ("acme/y", r#"{"match": ["^y-"], "tools": true}"#),
    ];
    let catalog = Catalog::builtin().with(entries.map(|(name, json)| Entry::read(name, json).unwrap()));
    let found = catalog.find("acme", "X").unwrap();
    let mut quantities = Quantities::new();
    assert!(quantities.set("input_tokens", 3) && quantities.set("output_tokens", 1));
    let cost = found.price(&quantities, AT, &[]).unwrap();
    assert_eq!((cost.total.to_string().as_str(), cost.source.name.as_str()), ("0.0000006", "configuration"));
    let corrected = catalog.find("openai", "gpt-4o").unwrap();
    assert_eq!(corrected.facts.context_window, Some(64000));
    assert_eq!(corrected.facts.max_output_tokens, Some(16384));
    let original = Catalog::builtin().find("openai", "gpt-4o").unwrap();
    assert_eq!(corrected.price(&quantities, AT, &[]), original.price(&quantities, AT, &[]));
    assert_eq!(catalog.find("acme", "y-2").unwrap().facts.tools, Some(true));
    assert_eq!(catalog.find("acme", "y-2").unwrap().price(&quantities, AT, &[]), None);
    assert_eq!(catalog.providers_of("x"), ["acme"]);
    assert_eq!(catalog.all().count(), Catalog::builtin().all().count() + 3);
}

#[test]
fn an_invalid_entry_names_the_problem() {
    for (name, json, expected) in [
        ("x", "{}", "models.\"x\": expected `provider/model` as the name"),
        ("a/x", "[]", "models.\"a/x\": expected a table"),
        ("a/x", r#"{"context": 1}"#, "models.\"a/x\": there is no field `context`; known are: name, match"),
        (
            "a/x",
            r#"{"prices": {"input": 1}}"#,
            "models.\"a/x\": prices: there is no price `input`; known are: input_mtok",
        ),
        (
            "a/x",
            r#"{"prices": {"input_mtok": -1}}"#,
            "models.\"a/x\": prices.input_mtok: `-1` is not an amount of money",
        ),
        (
            "a/x",
            r#"{"prices": {"input_mtok": [1, 2]}}"#,
            "models.\"a/x\": prices.input_mtok: 2 is not a tier",
        ),
        (
            "a/x",
            r#"{"prices": [{"rates": {}, "from": "soon"}]}"#,
            "models.\"a/x\": prices: `soon` is not a date",
        ),
        ("a/x", r#"{"category": "big"}"#, "models.\"a/x\": unknown variant `big`"),
    ] {
        let error = Entry::read(name, json).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
