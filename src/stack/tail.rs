//! Keeps the end of an output, which usually says what went wrong.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads an output to its end and returns its last `bytes` bytes.
///
/// # Errors
/// When reading fails.
pub(super) async fn tail(mut output: impl AsyncRead + Unpin, bytes: usize) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    let mut part = vec![0; 8 << 10];
    loop {
        let read = output.read(&mut part).await?;
        if read == 0 {
            return Ok(tail);
        }
        keep_end(&mut tail, &part[..read], bytes);
    }
}

/// Appends a part to `end`, and keeps only the last `bytes` bytes.
pub(super) fn keep_end(end: &mut Vec<u8>, part: &[u8], bytes: usize) {
    end.extend_from_slice(part);
    end.drain(..end.len().saturating_sub(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_end_is_held() {
        let much = tokio::io::repeat(b'x').take(64 << 20);
        let output = much.chain(&b"the end"[..]);
        let tail = tail(output, 10).await.unwrap();
        assert_eq!(tail, b"xxxthe end");
        assert!(tail.capacity() < 64 << 10, "{}", tail.capacity());
    }
}
