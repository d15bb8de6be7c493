//! Echoes of a secret: masks repetitions of it in a text, verbatim or escaped as in URLs, JSON, HTML and mail
//! (quoted-printable).

/// The replacement of a masked secret.
const MASK: &str = "***";

/// A shorter secret is masked only as a whole word: it may be part of ordinary words.
const WORD: usize = 6;

/// Texts below this length have not been truncated.
const MAY_BE_CUT: usize = 250;

/// At the beginning or the end of a truncated text, this much of a secret is enough to be masked.
const CUT_CHARS: usize = 4;

/// Longer runs of backslashes are not one repeatedly escaped character.
const MAX_BACKSLASHES: usize = 16;

/// Masks every repetition of `secret` in `text`.
pub(crate) fn mask(text: &mut String, secret: &str) {
    let Some(first) = secret.chars().next() else { return };
    let mut masked = String::new();
    let mut rest = text.as_str();
    if text.len() >= MAY_BE_CUT
        && let Some(after) = cut_beginning(rest, secret)
    {
        masked.push_str(MASK);
        rest = after;
    }
    let mut found = !masked.is_empty();
    let mut before = None;
    while let Some(character) = rest.chars().next() {
        let begins = character == first || matches!(character, '%' | '\\' | '&' | '+' | '=');
        match begins.then(|| repeated(rest, secret, text.len())).flatten() {
            Some(after) if is_whole(before, after, secret) => {
                masked.push_str(MASK);
                found = true;
                before = None;
                rest = after;
            }
            _ => {
                masked.push(character);
                before = Some(character);
                rest = rest.get(character.len_utf8()..).unwrap_or_default();
            }
        }
    }
    if found {
        *text = masked;
    }
}

/// Whether a match is more than a part of a word.
fn is_whole(before: Option<char>, after: &str, secret: &str) -> bool {
    let in_word = |character: Option<char>| character.is_some_and(|it| it.is_alphanumeric() || it == '_');
    secret.len() >= WORD || !(in_word(before) || in_word(after.chars().next()))
}

/// The rest of `text` if it begins with `secret`, or is itself a truncated one at the end of a text of `length` bytes.
fn repeated<'a>(text: &'a str, secret: &str, length: usize) -> Option<&'a str> {
    // Verbatim, whatever escapes it contains.
    if let Some(rest) = text.strip_prefix(secret) {
        return Some(rest);
    }
    let mut rest = text;
    let mut wanted = secret;
    let mut read = 0;
    let mut behind_backslash = None;
    while let Some(character) = wanted.chars().next() {
        wanted = wanted.get(character.len_utf8()..).unwrap_or_default();
        // The character that begins an escape may itself be escaped, any number of times: several count as one.
        match character {
            '\\' => wanted = wanted.trim_start_matches('\\'),
            '%' => wanted = wanted.trim_start_matches("25"),
            _ => {}
        }
        // The last of several backslashes may belong to the next escape, as in `\u0075`.
        let behind = behind_backslash.and_then(|behind| after(behind, character));
        match behind.or_else(|| after(rest, character)) {
            Some(next) => {
                let read = rest.len().saturating_sub(next.len() + 1);
                behind_backslash =
                    rest.get(read..).filter(|behind| character == '\\' && behind.starts_with('\\'));
                rest = next;
            }
            // A text may have been truncated in the middle of an escape.
            None if length >= MAY_BE_CUT && read >= CUT_CHARS && is_cut(rest) => return Some(""),
            None => return None,
        }
        read += 1;
    }
    Some(rest)
}

/// Whether nothing is left, or just the beginning of an escape.
fn is_cut(rest: &str) -> bool {
    rest.is_empty() || rest.len() < 6 && rest.starts_with(['%', '\\', '&', '='])
}

/// The rest of `text` if it begins with the end of `secret`.
fn cut_beginning<'a>(text: &'a str, secret: &str) -> Option<&'a str> {
    let count = secret.chars().count();
    let starts = secret.char_indices().skip(1).take(count.saturating_sub(CUT_CHARS));
    starts.map(|(start, _)| secret.get(start..).unwrap_or_default()).find_map(|end| text.strip_prefix(end))
}

/// The rest of `text` if it begins with `wanted`, verbatim or escaped.
fn after(text: &str, wanted: char) -> Option<&str> {
    match text.chars().next()? {
        '%' if wanted == '%' => Some(text.get(1..)?.trim_start_matches("25")),
        '\\' if wanted == '\\' => all(text, |rest| after_backslashes(rest, wanted)),
        '%' if wanted == '\\' => all(text, |rest| after_percent(rest, wanted)),
        '&' if wanted == '&' => after_entity(text, '&').or_else(|| text.get(1..)),
        '=' if wanted == '\\' => all(text, |rest| after_quoted(rest, wanted)),
        '=' if wanted == '%' => {
            let mut rest = after_quoted(text, wanted)?;
            while let Some(next) = after(rest, '2').and_then(|rest| after(rest, '5')) {
                rest = next;
            }
            Some(rest)
        }
        '=' if wanted == '=' => after_quoted(text, '=').or_else(|| text.get(1..)),
        first if first == wanted => text.get(wanted.len_utf8()..),
        '%' if wanted == ' ' => after_percent(text, ' ').or_else(|| after_percent(text, '+')),
        '%' => after_percent(text, wanted),
        '\\' => after_backslashes(text, wanted),
        '&' => after_entity(text, wanted),
        '=' => after_quoted(text, wanted),
        '+' if wanted == ' ' => text.get(1..),
        _ => None,
    }
}

/// The rest after as many consecutive matches of `after` as there are, if there is at least one.
fn all<'a>(text: &'a str, after: impl Fn(&'a str) -> Option<&'a str>) -> Option<&'a str> {
    let mut rest = after(text)?;
    while let Some(next) = after(rest).filter(|next| next.len() < rest.len()) {
        rest = next;
    }
    Some(rest)
}

/// `%2F`, or `%252F` if it was escaped again.
fn after_percent(text: &str, wanted: char) -> Option<&str> {
    let mut bytes = [0; 4];
    let mut rest = text;
    for byte in wanted.encode_utf8(&mut bytes).bytes() {
        let mut digits = rest.strip_prefix('%')?;
        loop {
            let value = digits.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            let next = digits.get(2..).unwrap_or_default();
            if value == Some(byte) {
                rest = next;
                break;
            }
            // The percent sign itself was escaped.
            digits = digits.strip_prefix("25")?;
        }
    }
    Some(rest)
}

/// Quoted-printable: `=2F`, perhaps after a soft line break.
fn after_quoted(text: &str, wanted: char) -> Option<&str> {
    let rest = after_soft_break(text);
    if rest.len() < text.len() && !rest.starts_with('=') {
        return after(rest, wanted);
    }
    let mut bytes = [0; 4];
    let mut rest = text;
    for byte in wanted.encode_utf8(&mut bytes).bytes() {
        let digits = after_soft_break(rest).strip_prefix('=')?;
        if u8::from_str_radix(digits.get(..2)?, 16) != Ok(byte) {
            return None;
        }
        rest = digits.get(2..)?;
    }
    Some(rest)
}

/// The rest after soft line breaks: `=` at the end of a line.
fn after_soft_break(mut text: &str) -> &str {
    while let Some(rest) = ["=\r\n", "=\n"].iter().find_map(|broken| text.strip_prefix(broken)) {
        text = rest;
    }
    text
}

/// `\"`, `\/`, `\u00e9`, `\x22`, or `\\\"` if it was escaped again.
fn after_backslashes(text: &str, wanted: char) -> Option<&str> {
    let rest = text.trim_start_matches('\\');
    if text.len() - rest.len() > MAX_BACKSLASHES {
        return None;
    }
    if wanted == '\\' {
        if rest.len() == text.len() {
            return None;
        }
        let escaped = ["u005c", "u005C", "x5c", "x5C"];
        return Some(escaped.iter().find_map(|escaped| rest.strip_prefix(escaped)).unwrap_or(rest));
    }
    if let Some(digits) = rest.strip_prefix('x')
        && let Some(Ok(value)) = digits.get(..2).map(|digits| u8::from_str_radix(digits, 16))
        && wanted.is_ascii()
        && char::from(value) == wanted
    {
        return digits.get(2..);
    }
    if let Some(rest) = rest.strip_prefix(wanted).filter(|_| wanted != 'u') {
        return Some(rest);
    }
    let short = match wanted {
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        other => other,
    };
    if let Some(rest) = rest.strip_prefix(short).filter(|_| short != wanted) {
        return Some(rest);
    }
    let mut units = [0; 2];
    let mut rest = text;
    for unit in wanted.encode_utf16(&mut units) {
        let digits = rest.trim_start_matches('\\').strip_prefix('u').filter(|_| rest.starts_with('\\'))?;
        if u16::from_str_radix(digits.get(..4)?, 16) != Ok(*unit) {
            return None;
        }
        rest = digits.get(4..)?;
    }
    Some(rest)
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn after_entity(text: &str, wanted: char) -> Option<&str> {
    let (name, rest) = text.strip_prefix('&')?.split_once(';')?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    (character == wanted).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrule_wire::json::Json;
    use proptest::prelude::*;

    fn masked(text: &str, secret: &str) -> String {
        let mut text = text.to_owned();
        mask(&mut text, secret);
        text
    }

    fn percent(secret: &str) -> String {
        secret.bytes().map(|byte| format!("%{byte:02x}")).collect()
    }

    /// All of it, in lines of twenty characters.
    fn quoted(secret: &str) -> String {
        let escaped = |(position, byte): (usize, u8)| {
            let broken = if position % 6 == 5 { "=\r\n" } else { "" };
            format!("{broken}={byte:02X}")
        };
        secret.bytes().enumerate().map(escaped).collect()
    }

    fn unicode(secret: &str) -> String {
        secret.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect()
    }

    #[test]
    fn every_escape_is_found() {
        let secret = r#"p/a+s "s\w&ö%d"#;
        let json = Json::string(secret).text().to_owned();
        let again = Json::string(&json).text().to_owned();
        let form = |text: &str| {
            let url = url::Url::parse_with_params("a:", [("", text)]).unwrap();
            url.query().unwrap().trim_start_matches('=').to_owned()
        };
        let (form, twice) = (form(secret), form(&form(secret)));
        for written in [
            secret.to_owned(),
            percent(secret),
            percent(secret).replace('%', "%25"),
            quoted(secret),
            quoted(secret).to_lowercase(),
            secret.replace('ö', "=C3=B6").replace('s', "=\ns"),
            form,
            twice,
            json.trim_matches('"').to_owned(),
            json.trim_matches('"').replace('/', r"\/").replace('ö', r"\u00f6"),
            again.trim_matches(['"', '\\']).to_owned(),
            unicode(secret),
            secret.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>().replace(r"\xc3\xb6", "ö"),
            secret.replace('&', "&amp;").replace('"', "&quot;").replace('/', "&#x2F;").replace('ö', "&#246;"),
        ] {
            assert_eq!(masked(&format!("a {written}, b {written}."), secret), "a ***, b ***.", "{written}");
        }
    }

    #[test]
    fn text_that_looks_like_an_escape_is_found_verbatim() {
        for secret in ["key=3Dvalue", "key&amp;value", "key%25value", "key=\nvalue"] {
            assert_eq!(masked(&format!("a {secret}."), secret), "a ***.", "{secret:?}");
        }
        assert_eq!(masked("a key=3Dvalue.", "key=value"), "a ***.");
    }

    #[test]
    fn a_short_secret_is_masked_only_as_a_whole_word() {
        for (text, expected) in
            [("pin 1234.", "pin ***."), ("12345 x1234 1234_", "12345 x1234 1234_"), ("1234", "***")]
        {
            assert_eq!(masked(text, "1234"), expected);
        }
        assert_eq!(masked("xabcdefx", "abcdef"), "x***x");
    }

    #[test]
    fn a_truncated_secret_is_masked() {
        let filler = "word ".repeat(60);
        let secret = "s3cret/value";
        for left in ["s3cr", "s3cret", "s3cret%", "s3cret%2", "s3cret%2Fva", r"s3cret\", r"s3cret\u00"] {
            assert_eq!(masked(&format!("{filler}{left}"), secret), format!("{filler}***"), "{left}");
        }
        assert_eq!(masked(&format!("lue {filler}"), secret), format!("lue {filler}"));
        assert_eq!(masked(&format!("value {filler}"), secret), format!("*** {filler}"));
        // Short texts are not truncated.
        assert_eq!(masked("it ends with s3cr", secret), "it ends with s3cr");
    }

    proptest! {
        #[test]
        fn it_is_found_between_anything(before in "[^*]{0,20}", secret in ".{6,20}", after in "[^*]{0,20}", way in 0..5) {
            let written = match way {
                0 => secret.clone(),
                1 => percent(&secret),
                2 => unicode(&secret),
                3 => quoted(&secret),
                _ => {
                    let json = Json::string(&secret).text().to_owned();
                    json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap().to_owned()
                },
            };
            let text = masked(&format!("{before}{written}{after}"), &secret);
            prop_assert!(text.contains("***") && !text.contains(&secret));
        }

        #[test]
        fn any_text_is_read(text in ".{0,300}", secret in ".{1,12}") {
            let _ = masked(&text, &secret);
        }
    }
}
