//! One screen at a time: two open dialogs cannot be written down.

pub(crate) mod ask;
pub(crate) mod batches;
pub(crate) mod bench;
pub(crate) mod board;
pub(crate) mod choose;
pub(crate) mod detail;
pub(crate) mod form;
pub(crate) mod hash;
pub(crate) mod help;
pub(crate) mod lint;
pub(crate) mod lists;
pub(crate) mod media;
pub(crate) mod network;
pub(crate) mod order;
pub(crate) mod pages;
pub(crate) mod passphrase;
pub(crate) mod problems;
pub(crate) mod registration;
pub(crate) mod why;

use ask::Ask;
use choose::Choose;
use detail::Detail;
use media::Step;

use crate::widget::input::Input;

#[derive(Debug, Clone)]
pub(crate) enum Screen {
    Board,
    /// The board with its find line open.
    Find,
    Detail(Detail),
    Hash(hash::Hash),
    Order(order::OrderList),
    Media(Step),
    /// Lists for those who register.
    Lists(Box<lists::Lists>),
    /// Batches and customers.
    Batches(batches::Batches),
    /// One of them, new or changed.
    Form(Box<form::Form>),
    /// What will make a batch fail in its tenant.
    Lint(lint::Lint),
    /// How far registration is, and who the bench is at the service.
    Registration(registration::Registration),
    /// A passphrase is typed over the screen it was asked on.
    Passphrase {
        passphrase: passphrase::Passphrase,
        back: Box<Screen>,
    },
    /// Many sticks at once.
    Bench(bench::Bench),
    Network(network::Network),
    /// Why a laptop did not boot from the network.
    Why(why::Why),
    Problems {
        top: usize,
        back: Box<Screen>,
    },
    Help {
        top: usize,
        back: Box<Screen>,
    },
    /// A yes-or-no question over the screen it was asked on.
    Ask {
        ask: Ask,
        back: Box<Screen>,
    },
    /// A choice over the screen it was asked for on.
    Choose {
        choose: Choose,
        back: Box<Screen>,
    },
}

impl Screen {
    /// The text field that letters go to, if there is one. The find line belongs to the board.
    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match self {
            Self::Media(step) => step.input(),
            Self::Bench(bench) => bench.input(),
            Self::Order(list) => list.input(),
            Self::Lists(lists) => lists.input(),
            Self::Form(form) => form.input(),
            _ => None,
        }
    }

    /// The order list, also below questions, help and problems.
    pub(crate) fn order_list(&mut self) -> Option<&mut order::OrderList> {
        match self.base_mut() {
            Self::Order(list) => Some(list),
            _ => None,
        }
    }

    /// The form, also below questions, help and problems.
    pub(crate) fn form(&mut self) -> Option<&mut form::Form> {
        match self.base_mut() {
            Self::Form(form) => Some(form),
            _ => None,
        }
    }

    /// The check of a tenant, also below questions, help and problems.
    pub(crate) fn lint(&mut self) -> Option<&mut lint::Lint> {
        match self.base_mut() {
            Self::Lint(lint) => Some(lint),
            _ => None,
        }
    }

    /// The network screen, also below questions, help, problems and a laptop's page.
    pub(crate) fn network(&mut self) -> Option<&mut network::Network> {
        match self.base_mut() {
            Self::Network(network) => Some(network),
            Self::Why(why) => why.back.network(),
            _ => None,
        }
    }

    pub(crate) fn takes_text(&self) -> bool {
        match self {
            Self::Find => true,
            Self::Media(step) => step.takes_text(),
            Self::Bench(bench) => bench.takes_text(),
            Self::Order(list) => list.is_typing(),
            Self::Lists(lists) => lists.takes_text(),
            // Also where a value is chosen: a scan must not carry a person off a half-filled form.
            Self::Form(_) | Self::Passphrase { .. } => true,
            _ => false,
        }
    }

    /// The screen below questions, help and problems.
    pub(crate) fn base(&self) -> &Self {
        match self {
            Self::Help { back, .. }
            | Self::Ask { back, .. }
            | Self::Choose { back, .. }
            | Self::Passphrase { back, .. }
            | Self::Problems { back, .. } => back.base(),
            screen => screen,
        }
    }

    fn base_mut(&mut self) -> &mut Self {
        match self {
            Self::Help { back, .. }
            | Self::Ask { back, .. }
            | Self::Choose { back, .. }
            | Self::Passphrase { back, .. }
            | Self::Problems { back, .. } => back.base_mut(),
            screen => screen,
        }
    }
}
