//! A text with layers of encoding removed.
//!
//! Looking for a secret in decoded text, and not for encoded secrets in the text, finds it however
//! a program has mixed the encodings, and how deep: JSON in JSON, a URL in HTML.

/// How many layers are removed at most.
const DEEPEST: usize = 5;

/// How many combinations of layers are looked at for one text at most.
const MOST_VIEWS: usize = 32;

/// A text, or what one looks like when a layer of encoding is removed. It knows where each of its
/// bytes stood in the text.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct DecodedText {
    pub bytes: Vec<u8>,
    /// For each byte, and for the end: where it begins in the text.
    from: Vec<u32>,
}

/// What stands for something else: a byte or a character, and how many bytes of code it took.
type Decoded = (Vec<u8>, usize);

/// Reads a code at the beginning of a text, if there is one.
type Decoder = fn(&[u8]) -> Option<Decoded>;

/// Form encoding is percent encoding in which `+` is a blank.
const DECODERS: [Decoder; 4] = [backslash, percent, form, entity];

impl DecodedText {
    /// A text as it is.
    pub fn of(text: &str) -> Self {
        DecodedText {
            bytes: text.as_bytes().to_vec(),
            from: (0..=text.len() as u32).collect(),
        }
    }

    /// The text as it is, and with any layers removed.
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

    /// Where a stretch of it stands in the text.
    pub fn place(&self, begin: usize, end: usize) -> (usize, usize) {
        (self.from[begin] as usize, self.from[end] as usize)
    }

    /// The same without one layer; none where there is no such layer.
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

/// As JSON, Python, JavaScript and Rust write strings.
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

/// `\uD83D\uDE00`, or one that needs no second half.
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

/// As HTML and XML write characters.
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
