//! Removes layers of encoding from a text.
//!
//! The text is decoded to search for the plain secret, instead of encoding the secret to search the
//! text. So any mixture of encodings is covered: JSON in JSON, a URL in HTML.

/// The maximum number of layers that are removed.
const DEEPEST: usize = 5;

/// The maximum number of decoded versions of one text.
const MOST_VIEWS: usize = 32;

/// A text with some layers of encoding removed. It knows the original position of each byte.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct DecodedText {
    pub bytes: Vec<u8>,
    /// The original position of each byte and of the end.
    from: Vec<u32>,
}

/// A decoded byte or character, and the length of its encoding in bytes.
type Decoded = (Vec<u8>, usize);

/// Decodes an escape sequence at the start of a text, if there is one.
type Decoder = fn(&[u8]) -> Option<Decoded>;

/// Form encoding is percent encoding in which `+` is a space.
const DECODERS: [Decoder; 4] = [backslash, percent, form, entity];

impl DecodedText {
    /// The text itself.
    pub fn of(text: &str) -> Self {
        DecodedText {
            bytes: text.as_bytes().to_vec(),
            from: (0..=text.len() as u32).collect(),
        }
    }

    /// The text itself, and its versions with any combination of layers removed.
    pub fn all(text: &str) -> Vec<Self> {
        let mut views = vec![DecodedText::of(text)];
        let mut begin = 0;
        for _ in 0..DEEPEST {
            let end = views.len();
            for nth in begin..end {
                for decoder in DECODERS {
                    if let Some(view) = views[nth].without(decoder)
                        && views.len() < MOST_VIEWS
                        && views.iter().all(|known| known.bytes != view.bytes)
                    {
                        views.push(view);
                    }
                }
            }
            begin = end;
        }
        views
    }

    /// The original range of a range of this text.
    pub fn place(&self, begin: usize, end: usize) -> (usize, usize) {
        (self.from[begin] as usize, self.from[end] as usize)
    }

    /// The text with one layer removed; `None` if it has no such layer.
    fn without(&self, decoder: Decoder) -> Option<Self> {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut from = Vec::with_capacity(self.from.len());
        let mut place = 0;
        let mut found = false;
        while place < self.bytes.len() {
            let (decoded, took) = match decoder(&self.bytes[place..]) {
                Some(decoded) => {
                    found = true;
                    decoded
                }
                None => (vec![self.bytes[place]], 1),
            };
            from.extend(decoded.iter().map(|_| self.from[place]));
            bytes.extend(decoded);
            place += took;
        }
        from.extend(self.from.last());
        found.then_some(DecodedText { bytes, from })
    }
}

/// Escapes in strings of JSON, Python, JavaScript and Rust.
fn backslash(text: &[u8]) -> Option<Decoded> {
    let (b'\\', code) = (text.first()?, text.get(1)?) else {
        return None;
    };
    let plain = match code {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        b'"' | b'\'' | b'\\' | b'/' | b'`' | b'$' => *code,
        b'x' => return Some((vec![hex(text.get(2..4)?)? as u8], 4)),
        b'u' if text.get(2) == Some(&b'{') => {
            let length = text.iter().take(10).position(|byte| *byte == b'}')?;
            return character(hex(&text[3..length])?, length + 1);
        }
        b'u' => return utf16(text),
        b'U' => return character(hex(text.get(2..10)?)?, 10),
        _ => return None,
    };
    Some((vec![plain], 2))
}

/// `\uXXXX`, or a surrogate pair such as `\uD83D\uDE00`.
fn utf16(text: &[u8]) -> Option<Decoded> {
    let first = hex(text.get(2..6)?)?;
    if let Some(second) = text
        .get(6..12)
        .and_then(|second| second.strip_prefix(b"\\u"))
        && let Some(second) = hex(second)
        && (0xD800..0xDC00).contains(&first)
        && (0xDC00..0xE000).contains(&second)
    {
        return character(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), 12);
    }
    character(first, 6)
}

fn percent(text: &[u8]) -> Option<Decoded> {
    let code = text.strip_prefix(b"%")?;
    Some((vec![hex(code.get(..2)?)? as u8], 3))
}

fn form(text: &[u8]) -> Option<Decoded> {
    match text.first()? {
        b'+' => Some((vec![b' '], 1)),
        _ => percent(text),
    }
}

/// Entities in HTML and XML.
fn entity(text: &[u8]) -> Option<Decoded> {
    let length = text.iter().take(10).position(|byte| *byte == b';')?;
    let code = text[..length].strip_prefix(b"&")?;
    let plain = match code {
        b"amp" => b'&',
        b"lt" => b'<',
        b"gt" => b'>',
        b"quot" => b'"',
        b"apos" => b'\'',
        _ => {
            let number = code.strip_prefix(b"#")?;
            let number = match number.strip_prefix(b"x").or(number.strip_prefix(b"X")) {
                Some(digits) => hex(digits)?,
                None => std::str::from_utf8(number).ok()?.parse().ok()?,
            };
            return character(number, length + 1);
        }
    };
    Some((vec![plain], length + 1))
}

fn character(code: u32, took: usize) -> Option<Decoded> {
    let character = char::from_u32(code)?;
    Some((character.to_string().into_bytes(), took))
}

fn hex(digits: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}
