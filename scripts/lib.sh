# Shared by the scripts: talk, errors, packages, Rust. Sourced, never run.
# shellcheck shell=bash

# The oldest Rust that builds this; Cargo.toml says the same.
rust_needed=1.95

say() { printf '%s\n' "$*"; }

# What happened, why, and what to do next: like every error of whiteglove.
die() {
  printf '\n%s: %s\n  why:  %s\n  next: %s\n' "$(basename "$0")" "$1" "$2" "$3" >&2
  exit 1
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" >/dev/null
}

# Asks the mirrors what there is, at most once a run.
apt_refresh() {
  [[ -n ${apt_refreshed:-} ]] && return
  as_root apt-get -qq -o DPkg::Lock::Timeout=300 update || true
  apt_refreshed=yes
}

# install_missing PACKAGE...: says what it installs, and how to do it by hand when it may not.
install_missing() {
  say "Installing $* (one time, about 10 s; asks for your password if you are not root)"
  command -v apt-get >/dev/null ||
    die "$* is missing" "this is not a Debian or Ubuntu machine" "install $* with this machine's package manager, then try again"
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    die "$* is missing" "installing it needs root and there is no sudo" "as root: apt-get install --no-install-recommends $*"
  fi
  apt_install "$@" 2>/dev/null && return
  apt_refresh
  apt_install "$@" ||
    die "$* could not be installed" "apt refused; its message is above" "install $* by hand, then try again"
}

# need COMMAND:PACKAGE...: installs, in one go, the packages whose command is not there.
need() {
  local pair
  local -a missing=()
  for pair in "$@"; do
    case ${pair%%:*} in
      /*) [[ -e ${pair%%:*} ]] || missing+=("${pair#*:}") ;;
      *) command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}") ;;
    esac
  done
  ((${#missing[@]} == 0)) || install_missing "${missing[@]}"
}

rust_is_new_enough() {
  command -v cargo >/dev/null || return 1
  local have
  have=$(cargo --version 2>/dev/null | cut -d' ' -f2) || return 1
  printf '%s\n%s\n' "$rust_needed" "$have" | sort -V -C
}

# Rust by rustup: Debian 13 and Ubuntu 24.04 package it; before that its own installer is the way.
need_rust() {
  if [[ -f $HOME/.cargo/env ]]; then
    # shellcheck source=/dev/null
    . "$HOME/.cargo/env"
  fi
  rust_is_new_enough && return
  if ! command -v rustup >/dev/null; then
    if ! apt-cache show rustup >/dev/null 2>&1; then apt_refresh; fi
    if apt-cache show rustup >/dev/null 2>&1; then
      install_missing rustup
    else
      need curl:curl /etc/ssl/certs/ca-certificates.crt:ca-certificates
      say "Installing Rust with rustup's own installer, into your home directory (about 1 min)"
      curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y -q --profile minimal --no-modify-path ||
        die "Rust could not be installed" "rustup's installer failed; its message is above" \
          "install Rust $rust_needed or later as https://rustup.rs describes, then try again"
      # shellcheck source=/dev/null
      . "$HOME/.cargo/env"
    fi
  fi
  rust_is_new_enough && return
  say "Installing Rust $rust_needed or later (about 1 min, 300 MB)"
  rustup toolchain install stable --profile minimal --component clippy,rustfmt &&
    rustup default stable >/dev/null && rust_is_new_enough ||
    die "Rust $rust_needed is not to be had" "rustup failed; its message is above" "check the network and proxy, then try again"
}

# What compiling needs: SQLite and zstd are C.
need_build_tools() {
  need cc:gcc ld:binutils /usr/include/stdio.h:libc6-dev git:git
  need_rust
}
