//! Times the crate aho-corasick: `rust-peer find|stream NEEDLES`. The needles are
//! length-prefixed (u32, little endian). Says "ready", then answers each line
//! "FILE BYTES REPS ARRIVAL" on stdin with the seconds it took.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use std::io::{self, BufRead, Read, Write};
use std::time::Instant;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let needles = split(&std::fs::read(&args[2])?);
    let engine = AhoCorasickBuilder::new().auto_configure(&needles).build(&needles);
    let markers = vec!["***"; needles.len()];
    println!("ready");
    let (mut name, mut text) = (String::new(), Vec::new());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let f: Vec<&str> = line.split(' ').collect();
        if name != f[0] {
            name = f[0].to_string();
            text = std::fs::read(f[0])?;
        }
        let number = |i: usize| f[i].parse::<usize>().unwrap();
        let (text, arrival) = (&text[..number(1)], number(3));
        let begun = Instant::now();
        for _ in 0..number(2) {
            match args[1].as_str() {
                "find" => std::hint::black_box(find(&engine, text)),
                _ => stream(&engine, &markers, text, arrival)?,
            };
        }
        println!("{:.9}", begun.elapsed().as_secs_f64());
        io::stdout().flush()?;
    }
    Ok(())
}

fn split(mut data: &[u8]) -> Vec<Vec<u8>> {
    let mut needles = Vec::new();
    while data.len() >= 4 {
        let n = u32::from_le_bytes([data[0], data[1], data[2], data[3]]) as usize;
        needles.push(data[4..4 + n].to_vec());
        data = &data[4 + n..];
    }
    needles
}

fn find(engine: &AhoCorasick, text: &[u8]) -> usize {
    engine.find_iter(text).count()
}

fn stream(engine: &AhoCorasick, markers: &[&str], text: &[u8], arrival: usize) -> io::Result<usize> {
    engine.stream_replace_all(Arrivals { text, arrival }, io::sink(), markers)?;
    Ok(text.len())
}

/// Arrivals reads at most so many bytes at a time.
struct Arrivals<'a> {
    text: &'a [u8],
    arrival: usize,
}

impl Read for Arrivals<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = to.len().min(self.arrival).min(self.text.len());
        to[..n].copy_from_slice(&self.text[..n]);
        self.text = &self.text[n..];
        Ok(n)
    }
}
