//! Token counts compared with tiktoken's own algorithm, as implemented by tiktoken-rs.

use ferrule_tokens::Vocabulary;
use proptest::prelude::*;
use std::sync::LazyLock;
use tiktoken_rs::CoreBPE;

static CL100K: LazyLock<&CoreBPE> = LazyLock::new(tiktoken_rs::cl100k_base_singleton);
static O200K: LazyLock<&CoreBPE> = LazyLock::new(tiktoken_rs::o200k_base_singleton);

fn agree(text: &str) -> Result<(), TestCaseError> {
    for (ours, theirs) in [(Vocabulary::cl100k(), &*CL100K), (Vocabulary::o200k(), &*O200K)] {
        let tokens = ours.encode(text);
        prop_assert_eq!(ours.count(text), tokens.len() as u64);
        prop_assert_eq!(tokens, theirs.encode_ordinary(text), "{}", ours.name());
    }
    Ok(())
}

#[test]
fn texts_of_all_kinds() {
    for text in [
        "",
        "Hello, world!",
        "I'LL don't   WON'T  'S  'tis",
        "fn main() {\n\tprintln!(\"{}\", 12345);\n}\r\n\r\n   \n  x",
        "naïve café — “quotes” … 10,000.50€ ½ Ⅷ ²",
        "你好，世界。こんにちは 안녕하세요 สวัสดี नमस्ते שלום مرحبا",
        "👩‍👩‍👧‍👦🏳️‍🌈 e\u{301}\u{301} \u{200b}\u{feff}",
        "https://example.com/a/b?c=d&e=%20#f",
        "<|endoftext|><|im_start|>system",
        "ABCdefGHI DžDŽdž ßẞ ﬁ",
        "   leading and trailing   ",
        "\u{a0}\u{3000}x \u{2028}\u{85}y",
    ] {
        let agreed = agree(text);
        assert!(agreed.is_ok(), "{text}: {agreed:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text(text in any::<String>()) {
        agree(&text)?;
    }

    #[test]
    fn texts_of_words_and_white_space(text in "([a-zA-Z]{1,12}|[0-9]{1,5}|[ \t\r\n]{1,4}|'[a-zA-Z]{1,2}|[.,/!]{1,3}|\\PC){0,60}") {
        agree(&text)?;
    }

    #[test]
    fn texts_of_few_letters(text in "[ab \n]{0,300}") {
        agree(&text)?;
    }
}

/// tiktoken takes quadratic time for some of these, or fails; a second would be a thousand times ours.
#[test]
fn long_texts_without_a_break_take_linear_time() {
    let started = std::time::Instant::now();
    for text in [
        "a".repeat(100_000),
        " ".repeat(100_000),
        "=".repeat(100_000),
        "ab\u{301}".repeat(30_000),
        " \n".repeat(50_000),
    ] {
        assert!(Vocabulary::o200k().count(&text) > 100);
        assert!(Vocabulary::cl100k().count(&text) > 100);
    }
    assert!(started.elapsed().as_secs() < 60);
}
