//! The macro that reads a transition table, and the traits that make the table the only authority.
//!
//! A table names states, actions and rows `From | … --verb(Action)--> To[Event] | …;`: from each of the states on the
//! left the verb leads to one of the states on the right. From it come the state structs, the typed machine
//! `Machine<S>`, the enum over all its states, `permits`, `apply`, `evolve` and the `TRANSITIONS` that documents and
//! tests read. A row without a method does not compile (`apply` calls it); a method without a row does not compile (only
//! [`Edge`] lets it step).

use crate::time::Timestamp;

/// The row `Self --Action--> To` stands in the table; taking it is recorded as `Event`.
///
/// Implemented by `lifecycle!` alone: that is what makes the table the only authority.
#[diagnostic::on_unimplemented(
    message = "the lifecycle table has no `{Self}` --{Action}--> `{To}`",
    label = "this step is not in the table",
    note = "add the row to the table if the domain really has this step"
)]
pub trait Edge<Action, To> {
    /// What is recorded when this step is taken.
    type Event;
}

/// A state that an event leads into: the one constructor of the state, for new events and for replayed ones.
pub trait EnteredBy<From, Event, Core> {
    /// The state's own data after `event` in the state `before`, with what the event says of the rest put into `core`.
    fn entered(before: From, event: &Event, core: &mut Core) -> Self;
}

/// What every machine keeps beside its state's own data.
pub trait Core {
    /// Called once per event: counts the version and notes the time.
    fn stepped(&mut self, at: Timestamp);
}

/// One row of a table, as documents and tests read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<State, Action> {
    /// The state before.
    pub from: State,
    /// What is done.
    pub action: Action,
    /// The state after.
    pub to: State,
    /// The event that records it.
    pub event: &'static str,
}

/// A stored event cannot follow the stored state: the record is not ours, or is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot follow the state {state}")]
pub struct Impossible {
    /// The state before.
    pub state: &'static str,
    /// The event that came.
    pub event: &'static str,
}

/// Reads a transition table. See the module's text; `payment.rs` has the largest table.
///
/// A verb of several sources is one method, of all states with the row: `impl<S: Edge<Action, To, Event = …>> Machine<S>`.
#[macro_export]
macro_rules! lifecycle {
    // A macro cannot pair each source of a row with each of its targets at once: first what stands right of the
    // sources becomes one token tree, then each source gets it, and then a row has one source.
    (
        $(#[$machine_doc:meta])*
        machine $Machine:ident $names:tt
        states $states:tt
        actions $actions:tt
        transitions {
            $( $( $From:ident )|+ -- $verb:ident ( $By:ident ) --> $( $To:ident [ $Ev:ident ] )|+ ; )+
        }
    ) => {
        $crate::lifecycle! {
            @each_source
            $(#[$machine_doc])*
            machine $Machine $names
            states $states
            actions $actions
            transitions { $( [ $( $From )+ ] { $verb ( $By ) $( $To [ $Ev ] )+ } )+ }
        }
    };
    (
        @each_source
        $(#[$machine_doc:meta])*
        machine $Machine:ident $names:tt
        states $states:tt
        actions $actions:tt
        transitions { $( [ $( $From:ident )+ ] $step:tt )+ }
    ) => {
        $crate::lifecycle! {
            @machine
            $(#[$machine_doc])*
            machine $Machine $names
            states $states
            actions $actions
            transitions { $( $( $From $step )+ )+ }
        }
    };
    (
        @machine
        $(#[$machine_doc:meta])*
        machine $Machine:ident {
            core: $Core:ty, any: $Any:ident, state: $State:ident, action: $Action:ident,
            command: $Command:ident, event: $Event:ident, transition: $Transition:ident $(,)?
        }
        states {
            $( $(#[doc = $state_doc:literal])+ $S:ident { $( $(#[$field_doc:meta])* $field:ident : $FieldType:ty ),* $(,)? } = $state_name:literal ),+ $(,)?
        }
        actions {
            $( $(#[$action_doc:meta])* $A:ident = $action_name:literal ),+ $(,)?
        }
        transitions {
            $( $From:ident { $verb:ident ( $By:ident ) $( $To:ident [ $Ev:ident ] )+ } )+
        }
    ) => {
        $(
            $(#[doc = $state_doc])+
            #[derive(Debug, PartialEq, Eq, ::bincode::Encode, ::bincode::Decode)]
            pub struct $S { $( $(#[$field_doc])* pub $field: $FieldType ),* }
        )+

        $(#[$machine_doc])*
        ///
        /// Not `Clone`: a copy could take the same step twice.
        #[derive(Debug, PartialEq, Eq, ::bincode::Encode, ::bincode::Decode)]
        pub struct $Machine<S> { core: $Core, detail: S }

        /// The states by name, for what is only known at run time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::bincode::Encode, ::bincode::Decode)]
        pub enum $State { $( $(#[doc = $state_doc])+ $S ),+ }

        impl $State {
            /// Every state, in the table's order.
            pub const ALL: &'static [Self] = &[ $( Self::$S ),+ ];

            /// The state's name in the API (`detail`).
            pub const fn name(self) -> &'static str {
                match self { $( Self::$S => $state_name ),+ }
            }

            /// What it means, as the table says it.
            pub const fn about(self) -> &'static str {
                match self { $( Self::$S => concat!($($state_doc),+) ),+ }
            }

            /// Whether the table has a row for this action from here.
            pub fn permits(self, action: $Action) -> bool {
                $Any::TRANSITIONS.iter().any(|row| row.from == self && row.action == action)
            }

            /// The actions that the table has rows for from here, each once.
            pub fn permitted(self) -> impl Iterator<Item = $Action> {
                $Action::ALL.iter().copied().filter(move |action| self.permits(*action))
            }
        }

        /// What can be done, by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::bincode::Encode, ::bincode::Decode)]
        pub enum $Action { $( $(#[$action_doc])* $A ),+ }

        impl $Action {
            /// Every action, in the table's order.
            pub const ALL: &'static [Self] = &[ $( Self::$A ),+ ];

            /// The action's name in the API.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$A => $action_name ),+ }
            }
        }

        /// A step to take, with what it needs.
        #[derive(Debug)]
        pub enum $Command { $( $(#[$action_doc])* $A($A) ),+ }

        impl $Command {
            /// The action this asks for.
            pub const fn action(&self) -> $Action {
                match self { $( Self::$A(_) => $Action::$A ),+ }
            }
        }

        /// The machine in whichever state it is.
        #[derive(Debug, PartialEq, Eq)]
        pub enum $Any { $( $(#[doc = $state_doc])+ $S($Machine<$S>) ),+ }

        // By hand: bincode's derive cannot name the fields of variants that a macro wrote.
        impl ::bincode::Encode for $Any {
            fn encode<E: ::bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), ::bincode::error::EncodeError> {
                self.state().encode(encoder)?;
                match self { $( Self::$S(machine) => machine.encode(encoder) ),+ }
            }
        }

        impl<Context> ::bincode::Decode<Context> for $Any {
            fn decode<D: ::bincode::de::Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, ::bincode::error::DecodeError> {
                Ok(match $State::decode(decoder)? { $( $State::$S => Self::$S(::bincode::Decode::decode(decoder)?) ),+ })
            }
        }

        impl<'de, Context> ::bincode::BorrowDecode<'de, Context> for $Any {
            fn borrow_decode<D: ::bincode::de::BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, ::bincode::error::DecodeError> {
                ::bincode::Decode::decode(decoder)
            }
        }

        $(
            impl From<$Machine<$S>> for $Any {
                fn from(machine: $Machine<$S>) -> Self { Self::$S(machine) }
            }
        )+

        /// A step taken: the event that records it, and what it led to.
        #[derive(Debug)]
        #[must_use = "a step that is not recorded has not happened"]
        pub struct $Transition<To> {
            /// What to record.
            pub event: $Event,
            /// The machine after it.
            pub next: To,
        }

        impl<S> $Transition<$Machine<S>> where $Any: From<$Machine<S>> {
            /// The same step, its next state known only at run time.
            pub fn into_any(self) -> $Transition<$Any> {
                $Transition { event: self.event, next: self.next.into() }
            }
        }

        impl<S> From<$Transition<$Machine<S>>> for $Transition<$Any> where $Any: From<$Machine<S>> {
            fn from(typed: $Transition<$Machine<S>>) -> Self { typed.into_any() }
        }

        impl<S> $Machine<S> {
            /// What every state has.
            pub const fn core(&self) -> &$Core { &self.core }

            /// What this state has.
            pub const fn detail(&self) -> &S { &self.detail }

            /// The only way to a transition: the table must have the row.
            fn step<By, To>(self, event: <S as $crate::lifecycle::Edge<By, To>>::Event, at: $crate::time::Timestamp) -> $Transition<$Machine<To>>
            where
                S: $crate::lifecycle::Edge<By, To>,
                To: $crate::lifecycle::EnteredBy<S, <S as $crate::lifecycle::Edge<By, To>>::Event, $Core>,
                $Event: From<<S as $crate::lifecycle::Edge<By, To>>::Event>,
            {
                let next = self.enter::<To, _>(&event, at);
                $Transition { event: event.into(), next }
            }

            fn enter<To, E>(self, event: &E, at: $crate::time::Timestamp) -> $Machine<To>
            where
                To: $crate::lifecycle::EnteredBy<S, E, $Core>,
            {
                let Self { mut core, detail } = self;
                let detail = To::entered(detail, event, &mut core);
                $crate::lifecycle::Core::stepped(&mut core, at);
                $Machine { core, detail }
            }
        }

        $( $( impl $crate::lifecycle::Edge<$By, $To> for $From { type Event = $Ev; } )+ )+

        impl $Any {
            /// The whole table, row by row.
            pub const TRANSITIONS: &'static [$crate::lifecycle::Row<$State, $Action>] = &[
                $( $( $crate::lifecycle::Row { from: $State::$From, action: $Action::$By, to: $State::$To, event: stringify!($Ev) } ),+ ),+
            ];

            /// The state it is in.
            pub const fn state(&self) -> $State {
                match self { $( Self::$S(_) => $State::$S ),+ }
            }

            /// What every state has.
            pub const fn core(&self) -> &$Core {
                match self { $( Self::$S(machine) => &machine.core ),+ }
            }

            #[allow(dead_code, reason = "not every machine has events that leave it where it is")]
            fn core_mut(&mut self) -> &mut $Core {
                match self { $( Self::$S(machine) => &mut machine.core ),+ }
            }

            /// Takes the step if the table and the step's own checks allow it.
            #[allow(clippy::match_same_arms, reason = "a row each")]
            pub fn apply(self, command: $Command, now: $crate::time::Timestamp) -> Result<$Transition<$Any>, $crate::rejection::Rejection> {
                match (self, command) {
                    $( (Self::$From(machine), $Command::$By(command)) => machine.$verb(command, now).map(Into::into), )+
                    #[allow(unreachable_patterns, reason = "a table may have a row for every pair")]
                    (any, command) => Err(Self::not_permitted(any.state(), command.action())),
                }
            }

            /// The state after a recorded event: the same constructor that the step itself used.
            pub fn evolve(self, event: &$Event, at: $crate::time::Timestamp) -> Result<Self, $crate::lifecycle::Impossible> {
                match (self, event) {
                    $( $( (Self::$From(machine), $Event::$Ev(event)) => Ok(Self::$To(machine.enter::<$To, _>(event, at))), )+ )+
                    #[allow(unreachable_patterns, reason = "a table may have a row for every pair")]
                    (any, event) => any.noted(event, at),
                }
            }
        }
    };
}
