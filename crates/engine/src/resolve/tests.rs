//! Tests of model resolution: which providers each name leads to.

use super::*;
use proptest::prelude::*;
use std::sync::Arc;

fn routing(aliases: &[(&str, &str)]) -> Routing {
    let owned = |(one, other): &(&str, &str)| ((*one).to_owned(), (*other).to_owned());
    Routing {
        aliases: aliases.iter().map(owned).collect(),
        provider_aliases: vec![("claude".into(), "anthropic".into())],
        configured: vec!["openai".into(), "azure".into(), "groq".into()],
        look_up: Some(Arc::new(catalog)),
        similar: Some(Arc::new(similar)),
        ..Routing::default()
    }
}

const IDS: [&str; 6] = ["openai", "anthropic", "azure", "groq", "openrouter", "snowflake"];

/// `gpt-4o` is offered by two providers with a key, `llama` by one, `opus` by two without, `haiku` by one without.
fn catalog(name: &str) -> Vec<Candidate> {
    let offer = |providers: &[&str]| {
        let route = |provider: &&str| Candidate::new(*provider, format!("{name}-full"));
        providers.iter().map(route).collect()
    };
    match name {
        "gpt-4o" => offer(&["openai", "azure", "openrouter", "nobody"]),
        "llama" | "meta/llama" => offer(&["groq", "openrouter"]),
        "opus" => offer(&["anthropic", "openrouter"]),
        "haiku" => offer(&["anthropic"]),
        _ => Vec::new(),
    }
}

/// Pattern matches only.
fn similar(name: &str) -> Vec<Candidate> {
    let candidate = |provider: &str| Candidate::new(provider, name);
    if name.contains("opus") { vec![candidate("anthropic"), candidate("openrouter")] } else { Vec::new() }
}

fn made<'a>(routing: Routing, ids: impl Iterator<Item = &'a str>) -> Result<Routes, Vec<RoutingProblem>> {
    Routes::new(routing, ids, GroupStates::default())
}

fn routes(aliases: &[(&str, &str)]) -> Routes {
    made(routing(aliases), IDS.into_iter()).unwrap()
}

fn led(routes: &Routes, name: &str) -> String {
    routes.resolve(Some(name)).map_or_else(|why| why, |route| route.to_string())
}

fn refused(aliases: &[(&str, &str)]) -> Vec<(String, String)> {
    let problems = made(routing(aliases), IDS.into_iter()).unwrap_err();
    let alias = |place: Place| if let Place::Alias(alias) = place { alias } else { String::new() };
    problems.into_iter().map(|problem| (alias(problem.place), problem.message)).collect()
}

#[test]
fn prefixes() {
    let routes = routes(&[]);
    for (name, expected) in [
        ("openai/gpt", "openai/gpt"),
        ("openai:gpt", "openai/gpt"),
        ("openrouter/openai/gpt-5", "openrouter/openai/gpt-5"),
        ("openai/org/model:free", "openai/org/model:free"),
        ("openai:ft:gpt:mine", "openai/ft:gpt:mine"),
        ("openai: gpt", "openai/ gpt"),
        ("claude/opus", "anthropic/opus"),
        ("snowflake/x", "snowflake/x"),
    ] {
        assert_eq!(led(&routes, name), expected);
    }
    for (name, said) in [
        ("opnai/gpt", "names no known provider ('opnai'); write 'provider/model'; did you mean `openai`?"),
        ("zzz:gpt", "known: azure, groq, openai"),
        ("openai/", "names no model"),
        ("openai:", "names no model"),
        ("", "names no provider; write 'provider/model', for instance 'openai/gpt-5-mini'"),
        ("gpt-9", "names no provider; write 'provider/model', for instance 'openai/gpt-9'"),
        ("/gpt", "names no known provider ('')"),
        ("Why is the sky blue?", "'Why is the sky blue?' is not the name of a model; the model comes first"),
        ("What is 1/2 + 1/3?", "is not the name of a model; the model comes first, as 'provider/model'"),
        ("Translate: good morning", "is not the name of a model"),
        ("Hi.\nWho are you?", "is not the name of a model"),
        ("openai", "names a provider and no model; write 'openai/model'"),
        ("claude", "names a provider and no model; write 'anthropic/model'"),
        ("opnai/gpt 9", "did you mean `openai`?"),
    ] {
        assert!(led(&routes, name).contains(said), "{}", led(&routes, name));
    }
    assert!(routes.unknown_provider("opnai").contains("did you mean `openai`"));
}

#[test]
fn the_case_of_a_provider_does_not_matter() {
    // A gateway's catalog may list the same text as a name of its own.
    let offered = |name: &str| match name {
        "OpenAI/gpt-4o" => vec![Candidate::new("openrouter", name)],
        _ => Vec::new(),
    };
    let gateway = Routing { look_up: Some(Arc::new(offered)), ..routing(&[("fast", "GROQ/llama")]) };
    let routes = made(gateway, IDS.into_iter().chain(["Mine", "MINE", "Own"])).unwrap();
    for (name, expected) in [
        ("OpenAI/gpt-4o", "openai/gpt-4o"),
        ("OPENAI:gpt-4o", "openai/gpt-4o"),
        ("Claude/opus", "anthropic/opus"),
        ("fast", "groq/llama"),
        ("own/Model", "Own/Model"),
        ("Mine/x", "Mine/x"),
        ("MINE/x", "MINE/x"),
    ] {
        assert_eq!(led(&routes, name), expected);
    }
    assert_eq!(routes.provider("OpenAI"), Some("openai"));
    assert_eq!(routes.provider("mine"), None, "there are two");
    assert!(led(&routes, "mine/x").contains("names no known provider"));
    assert!(led(&routes, "OpenAI/").contains("names no model"));
    // A user's own provider takes precedence over an alias of a built-in one, ignoring case.
    let routes = made(routing(&[]), IDS.into_iter().chain(["Claude"])).unwrap();
    for name in ["claude/x", "Claude/x", "CLAUDE/x"] {
        assert_eq!(led(&routes, name), "Claude/x");
    }
    assert_eq!(led(&routes, "anthropic/x"), "anthropic/x");
}

#[test]
fn bare_names() {
    let routes = routes(&[]);
    assert_eq!(led(&routes, "llama"), "groq/llama-full");
    // The vendor's name in front is not a provider's.
    assert_eq!(led(&routes, "meta/llama"), "groq/meta/llama-full");
    // There is no key, but only one provider could be meant: the call will report the missing key.
    assert_eq!(led(&routes, "haiku"), "anthropic/haiku-full");
    let ambiguous = led(&routes, "gpt-4o");
    assert!(ambiguous.contains("write one of 'azure/gpt-4o-full', 'openai/gpt-4o-full'"), "{ambiguous}");
    assert!(!ambiguous.contains("openrouter"), "{ambiguous}");
    let keyless = led(&routes, "opus");
    assert!(
        keyless.contains("has a key; write one of 'anthropic/opus-full', 'openrouter/opus-full'"),
        "{keyless}"
    );
}

#[test]
fn a_name_that_only_resembles_one_is_suggested_and_never_called() {
    let routes = routes(&[]);
    for (name, said) in [
        ("opus-2026", "did you mean 'anthropic/opus-2026'?"),
        (
            "antropic/opus",
            "names no known provider ('antropic'); write 'provider/model'; did you mean `anthropic`?",
        ),
        ("zzz/opus", "names no known provider ('zzz')"),
    ] {
        let why = routes.resolve(Some(name)).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
}

#[test]
fn aliases() {
    let routes = routes(&[
        ("fast", "groq/llama-3.3"),
        ("faster", "fast"),
        ("fastest", "faster"),
        ("cheap", "llama"),
        ("either", "gpt-4o"),
        ("gpt-4o-mini", "azure:deployment"),
        ("openai/old", "azure/new"),
        ("mine", "claude/x"),
    ]);
    for (name, expected) in [
        ("fast", "groq/llama-3.3"),
        ("fastest", "groq/llama-3.3"),
        ("cheap", "groq/llama-full"),
        ("gpt-4o-mini", "azure/deployment"),
        ("openai/old", "azure/new"),
        ("openai/old2", "openai/old2"),
        ("mine", "anthropic/x"),
    ] {
        assert_eq!(led(&routes, name), expected);
    }
    assert!(led(&routes, "either").ends_with("(alias 'either')"));
    assert!(led(&routes, "fastst").contains("did you mean 'fastest'?"));
}

#[test]
fn wildcards() {
    let routes = routes(&[
        ("claude-*", "anthropic/claude-*"),
        ("claude-*-mini", "groq/*"),
        ("gpt4*", "gpt-4*"),
        ("openai/*", "azure/*"),
        ("*", "openrouter/*"),
        ("claude-any", "claude-3"),
        ("claude-known", "groq/y"),
        ("all-*", "fixed"),
        ("fixed", "groq/z"),
    ]);
    for (name, expected) in [
        ("claude-3-opus", "anthropic/claude-3-opus"),
        ("claude-", "anthropic/claude-"),
        // The more specific one wins, and an exact alias over all of them.
        ("claude-known", "groq/y"),
        ("claude-any", "anthropic/claude-3"),
        ("openai/gpt", "azure/gpt"),
        ("openai/org/gpt", "azure/org/gpt"),
        // A star alone stands for bare names; what has a provider keeps it.
        ("groq/x", "groq/x"),
        ("whatever", "openrouter/whatever"),
        ("vendor/whatever", "openrouter/vendor/whatever"),
        ("all-of", "groq/z"),
    ] {
        assert_eq!(led(&routes, name), expected);
    }
    assert!(led(&routes, "gpt4o").contains("ambiguous"));
}

#[test]
fn dead_ends_are_refused_when_set() {
    for (aliases, alias, said) in [
        (&[("a", "b"), ("b", "c"), ("c", "a")][..], "a", "a -> b -> c -> a"),
        (&[("a", "a")], "a", "a -> a"),
        (&[("a", "b-x"), ("b-*", "a")], "a", "circle"),
        (&[("a", "opnai/x")], "a", "did you mean `openai`?"),
        (&[("a", "nothing")], "a", "names no provider"),
        (&[("a", "openai/")], "a", "names no model"),
        (&[("a*b*", "openai/x")], "a*b*", "at most one `*`"),
        (&[("a*", "openai/**")], "a*", "at most one `*`"),
        (&[("a", "openai/*")], "a", "needs one in its name"),
        (&[("a*", "opnai/*")], "a*", "did you mean `openai`?"),
        (&[("", "openai/x")], "", "expected a name"),
    ] {
        let problems = refused(aliases);
        let (found, message) = &problems[0];
        assert_eq!(found, alias, "{problems:?}");
        assert!(message.contains(said), "{message}");
    }
    assert_eq!(refused(&[("a", "x/y"), ("b", "x/z"), ("c", "groq/fine")]).len(), 2);
}

fn group(name: &str, targets: &[&str]) -> GroupSettings {
    let target = |model: &&str| GroupTarget { model: (*model).to_owned(), ..GroupTarget::default() };
    GroupSettings {
        name: name.to_owned(),
        targets: targets.iter().map(target).collect(),
        ..GroupSettings::default()
    }
}

fn all_led(routes: &Routes, name: &str) -> Vec<String> {
    routes.resolve(Some(name)).unwrap().candidates.iter().map(Candidate::to_string).collect()
}

#[test]
fn groups() {
    let mut weighted = group("outer", &["fast", "azure/b"]);
    weighted.targets[0].settings.weight = 3.0;
    let groups = vec![
        group("fast", &["groq/a", "claude/b", "llama", "alias"]),
        weighted,
        group("any-*", &["openai/*", "groq/*-mini"]),
        group("any-large-*", &["azure/*"]),
    ];
    let given = Routing { groups, ..routing(&[("quick", "outer"), ("alias", "azure/z")]) };
    let routes = made(given, IDS.into_iter()).unwrap();
    assert_eq!(all_led(&routes, "fast"), ["groq/a", "anthropic/b", "groq/llama-full", "azure/z"]);
    assert_eq!(all_led(&routes, "quick").len(), 5, "a group stands for its targets");
    assert_eq!(all_led(&routes, "any-gpt"), ["openai/gpt", "groq/gpt-mini"]);
    assert_eq!(all_led(&routes, "any-large-gpt"), ["azure/gpt"]);
    let outer = routes.resolve(Some("outer")).unwrap();
    let weights: Vec<f64> =
        outer.candidates.iter().map(|one| one.settings.as_ref().unwrap().weight).collect();
    assert_eq!(weights, [0.75, 0.75, 0.75, 0.75, 1.0], "its share is shared");
    assert!(outer.group.is_some() && routes.resolve(Some("groq/a")).unwrap().group.is_none());
    assert_eq!(routes.resolve_all(&["fast".into(), "azure/q".into()]).unwrap().candidates.len(), 5);
    assert!(routes.resolve_all(&[]).unwrap_err().contains("empty list"));
}

#[test]
fn wildcard_groups_resolve_like_others() {
    let groups = vec![
        group("any-*", &["openai/*", "groq/*"]),
        group("mixed-*", &["fast", "any-*", "way-*"]),
        group("named", &["any-gpt", "azure/z"]),
        group("fast", &["groq/a"]),
        // A target that names its provider resolves to that one, whatever the group's name.
        group("openai/*", &["openai/*", "azure/*"]),
        group("catalog-*", &["openai/*", "llama"]),
    ];
    let aliases = [("mine", "any-own"), ("own-*", "any-*"), ("way-*", "azure/*"), ("all", "mixed-x")];
    let routes = made(Routing { groups, ..routing(&aliases) }, IDS.into_iter()).unwrap();
    for (name, expected) in [
        ("mine", &["openai/own", "groq/own"][..]),
        ("own-x", &["openai/x", "groq/x"]),
        ("mixed-q", &["groq/a", "openai/q", "groq/q", "azure/q"]),
        ("all", &["groq/a", "openai/x", "groq/x", "azure/x"]),
        ("named", &["openai/gpt", "groq/gpt", "azure/z"]),
        ("openai/m", &["openai/m", "azure/m"]),
        ("catalog-m", &["openai/m", "groq/llama-full"]),
    ] {
        assert_eq!(all_led(&routes, name), expected, "{name}");
    }
    for (groups, aliases, said) in [
        (vec![group("a-*", &["b-*"]), group("b-*", &["a-*"])], &[][..], "names no provider"),
        (vec![group("a-*", &["way"])], &[("way", "a-x")], "names no provider"),
        (vec![group("a-*", &["nothing-*"])], &[], "'nothing-x' names no provider"),
    ] {
        let problems = made(Routing { groups, ..routing(aliases) }, IDS.into_iter()).unwrap_err();
        assert!(problems.iter().any(|problem| problem.message.contains(said)), "{said}: {problems:?}");
    }
}

#[test]
fn groups_with_dead_ends_are_refused() {
    for (groups, aliases, said) in [
        (vec![group("a", &["b"]), group("b", &["a"])], &[][..], "a -> b -> a"),
        (vec![group("a", &["way"])], &[("way", "a")], "circle"),
        (vec![group("a", &["opnai/x"])], &[], "targets[0]: model: 'opnai/x' names no known provider"),
        (vec![group("a", &["groq/x", "gpt-4o"])], &[], "targets[1]: model: 'gpt-4o' is ambiguous"),
        (vec![group("a", &[])], &[], "at least one target"),
        (vec![group("a*b*", &["groq/x"])], &[], "at most one `*`"),
        (vec![group("a*", &["opnai/*"])], &[], "did you mean `openai`?"),
        (vec![group("a", &["groq/x"])], &[("a", "groq/y")], "also the name of an alias"),
        (
            vec![GroupSettings { context_fallback: vec!["x/y".into()], ..group("a", &["groq/x"]) }],
            &[],
            "context_fallback[0]: ",
        ),
        (vec![group("a", &["openai/text-embedding-3-small", "groq/embed"])], &[], "do not mix"),
        (
            vec![GroupSettings {
                context_fallback: vec!["openai/text-embedding-3-large".into()],
                ..group("a", &["openai/text-embedding-3-small"])
            }],
            &[],
            "openai/text-embedding-3-large is not known to embed as openai/text-embedding-3-small does",
        ),
    ] {
        let problems = made(Routing { groups, ..routing(aliases) }, IDS.into_iter()).unwrap_err();
        assert!(problems.iter().any(|problem| problem.message.contains(said)), "{said}: {problems:?}");
    }
}

#[test]
fn the_default_model() {
    let with =
        |default: &str| Routing { default_model: Some(default.into()), ..routing(&[("fast", "groq/llama")]) };
    let routes = made(with("fast"), IDS.into_iter()).unwrap();
    assert_eq!(routes.resolve(None).unwrap().to_string(), "groq/llama");
    assert_eq!(routes.resolve(Some("openai/x")).unwrap().to_string(), "openai/x");
    let problems = made(with("opnai/x"), IDS.into_iter()).unwrap_err();
    assert_eq!((problems.len(), &problems[0].place), (1, &Place::DefaultModel));
    // The choice between the two is made by the call: keys may be added later.
    assert!(made(with("gpt-4o"), IDS.into_iter()).is_ok());
    let none = made(routing(&[]), IDS.into_iter()).unwrap();
    assert!(none.resolve(None).unwrap_err().contains("FERRULE_MODEL"));
}

#[test]
fn errors_repeat_no_more_than_they_should() {
    let routes = routes(&[]);
    let long = "x".repeat(1 << 20);
    assert!(led(&routes, &long).len() < 600);
    assert!(!led(&routes, "a\u{1b}[2J/b").contains('\u{1b}'));
}

proptest! {
    /// Whatever the aliases: they are refused, or every name resolves, the same way each time.
    #[test]
    fn every_name_resolves_or_is_refused(
        aliases in prop::collection::vec(("[ab*/]{0,3}", "[ab*/]{0,3}|openai/[a*]{1,2}"), 0..8),
        name in "[ab/:*]{0,5}",
    ) {
        let given = Routing { aliases, ..routing(&[]) };
        match (made(given.clone(), IDS.into_iter()), made(given, IDS.into_iter())) {
            (Ok(one), Ok(other)) => prop_assert_eq!(led(&one, &name), led(&other, &name)),
            (Err(one), Err(other)) => {
                prop_assert!(!one.is_empty());
                prop_assert_eq!(one, other);
            }
            _ => prop_assert!(false, "the same aliases are both right and wrong"),
        }
    }

    /// A name with a known provider keeps it, whatever follows.
    #[test]
    fn a_provider_keeps_its_models(model in "[a-z:/.-]{1,20}") {
        let routes = routes(&[("claude-*", "anthropic/claude-*"), ("fast", "groq/x")]);
        let route = routes.resolve(Some(&format!("openai/{model}"))).unwrap();
        let first = route.first().unwrap();
        prop_assert_eq!((first.provider.as_str(), &first.model), ("openai", &model));
    }

    /// Chains of any length lead to their end.
    #[test]
    fn chains(length in 1_usize..60) {
        let mut chain: Vec<(String, String)> =
            (0..length).map(|link| (format!("a{link}"), format!("a{}", link + 1))).collect();
        chain.push((format!("a{length}"), "openai/end".into()));
        let routes = made(Routing { aliases: chain, ..routing(&[]) }, IDS.into_iter()).unwrap();
        prop_assert_eq!(led(&routes, "a0"), "openai/end");
    }
}
