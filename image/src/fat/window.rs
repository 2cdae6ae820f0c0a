//! A read-only stretch of a disk or image, as `fatfs` and `gpt` want to see a device.
//!
//! Both libraries take whatever a stick claims at its word: a directory that loops is read for ever.
//! The window therefore has an allowance of bytes that its owner renews for each step, and refuses
//! what leaves the stretch. It also holds a few pages, as `fatfs` reads an entry field by field.

use std::{
    cell::Cell,
    collections::VecDeque,
    io::{self, Read, Seek, SeekFrom, Write},
    rc::Rc,
};

const PAGE: u64 = 32 * 1024;
const PAGES: usize = 8;

/// How many bytes may still be read through a window.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowance(Rc<Cell<u64>>);

impl Allowance {
    pub(crate) fn renew(&self, bytes: u64) {
        self.0.set(bytes);
    }
}

#[derive(Debug)]
pub(crate) struct Window<R> {
    inner: R,
    start: u64,
    length: u64,
    at: u64,
    allowance: Allowance,
    /// Most recently used last.
    pages: VecDeque<(u64, Vec<u8>)>,
}

impl<R: Read + Seek> Window<R> {
    pub(crate) fn new(inner: R, start: u64, length: u64) -> Self {
        let allowance = Allowance::default();
        allowance.renew(u64::MAX);
        Self { inner, start, length, at: 0, allowance, pages: VecDeque::new() }
    }

    pub(crate) fn allowance(&self) -> Allowance {
        self.allowance.clone()
    }

    fn read_inner(&mut self, at: u64, out: &mut [u8]) -> io::Result<()> {
        let start = self.start.checked_add(at).ok_or(io::ErrorKind::InvalidInput)?;
        self.inner.seek(SeekFrom::Start(start))?;
        self.inner.read_exact(out)
    }

    fn page(&mut self, at: u64) -> io::Result<&[u8]> {
        if let Some(held) = self.pages.iter().position(|(start, _)| *start == at) {
            let page = self.pages.remove(held);
            self.pages.extend(page);
        } else {
            let length = usize::try_from(PAGE.min(self.length - at)).map_err(io::Error::other)?;
            let mut bytes =
                if self.pages.len() < PAGES { Vec::new() } else { self.pages.pop_front().unwrap_or_default().1 };
            bytes.resize(length, 0);
            self.read_inner(at, &mut bytes)?;
            self.pages.push_back((at, bytes));
        }
        Ok(self.pages.back().map_or(&[], |(_, bytes)| bytes))
    }
}

impl<R: Read + Seek> Read for Window<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        let mut length = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if length == 0 {
            return Ok(0);
        }
        let at = self.at;
        if length as u64 >= PAGE {
            self.read_inner(at, &mut out[..length])?;
        } else {
            let page = self.page(at / PAGE * PAGE)?;
            let from = usize::try_from(at % PAGE).map_err(io::Error::other)?;
            length = length.min(page.len() - from);
            out[..length].copy_from_slice(&page[from..from + length]);
        }
        let allowed = &self.allowance.0;
        let rest = allowed.get().checked_sub(length as u64);
        allowed.set(rest.ok_or_else(|| io::Error::other("its file system leads in circles"))?);
        self.at += length as u64;
        Ok(length)
    }
}

impl<R> Seek for Window<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl<R> Write for Window<R> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::PermissionDenied))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
