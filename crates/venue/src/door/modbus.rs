//! Modbus TCP: the frames of functions 02, 05 and 15 (Modbus Application Protocol 1.1b3, Messaging on TCP/IP 1.0b).
//!
//! Lives here: requests, and the reader of answers. Not here: sockets. Pure. Modbus has no authentication: whoever reaches the board
//! can open the door, so its network segment is the door's alone.

/// Header of a frame: transaction, protocol, length, unit.
pub const HEADER: usize = 7;
/// Longest rest of a frame that a header may announce here, the unit counted.
const LONGEST: usize = 254;
/// Most coils or inputs of one request here.
pub const MOST: u16 = 16;

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// 05: writes one coil.
    WriteCoil {
        /// Its address.
        coil: u16,
        /// On or off.
        on: bool,
    },
    /// 15: writes 1 to 16 coils alike.
    WriteCoils {
        /// The first address.
        first: u16,
        /// How many.
        count: u16,
        /// On or off.
        on: bool,
    },
    /// 02: reads one discrete input.
    ReadInput {
        /// Its address.
        input: u16,
    },
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Written as asked.
    Written,
    /// The input's state.
    Input(bool),
}

/// Why a frame is no answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ModbusError {
    /// Another protocol, or a length that no answer has.
    #[error("the door's board does not speak Modbus TCP; check its address and port")]
    Header,
    /// An answer to another request.
    #[error("the door's board answers another request; is another program using it?")]
    Transaction,
    /// An answer of another unit or function, or cut short.
    #[error("the door's board answers with another message than it was asked for; check its unit number")]
    Form,
    /// A write that is not echoed as it was asked.
    #[error("the door's board wrote something else than it was asked to; look at the door now")]
    Echo,
    /// The board refuses: an exception code of section 7.
    #[error("the door's board refuses with code {0}; check the addresses of coils and inputs")]
    Exception(u8),
}

impl ModbusError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Header => "modbus_header",
            Self::Transaction => "modbus_transaction",
            Self::Form => "modbus_form",
            Self::Echo => "modbus_echo",
            Self::Exception(_) => "modbus_exception",
        }
    }
}

impl Request {
    const fn function(self) -> u8 {
        match self {
            Self::ReadInput { .. } => 2,
            Self::WriteCoil { .. } => 5,
            Self::WriteCoils { .. } => 15,
        }
    }

    /// What an answer to a write repeats: address, and value or count.
    fn echoed(self) -> [u8; 4] {
        let (first, second) = match self {
            Self::WriteCoil { coil, on } => (coil, if on { 0xff00 } else { 0 }),
            Self::WriteCoils { first, count, .. } => (first, count),
            Self::ReadInput { input } => (input, 1),
        };
        let ([a, b], [c, d]) = (first.to_be_bytes(), second.to_be_bytes());
        [a, b, c, d]
    }

    /// The whole frame.
    #[must_use]
    pub fn encode(self, transaction: u16, unit: u8) -> Vec<u8> {
        let mut body = vec![unit, self.function()];
        body.extend_from_slice(&self.echoed());
        if let Self::WriteCoils { count, on, .. } = self {
            let count = count.clamp(1, MOST);
            let bits = if on { u16::MAX >> (MOST - count) } else { 0 };
            let [high, low] = bits.to_be_bytes();
            // The number of bytes, and in them the lowest coil first.
            let bytes: &[u8] = if count > 8 { &[2, low, high] } else { &[1, low] };
            body.extend_from_slice(bytes);
        }
        let mut frame = transaction.to_be_bytes().to_vec();
        let length = u16::try_from(body.len()).unwrap_or_default();
        frame.extend_from_slice(&[0, 0]);
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&body);
        frame
    }

    /// Reads what follows an answer's header.
    ///
    /// # Errors
    /// [`ModbusError`].
    pub fn read(self, rest: &[u8]) -> Result<Answer, ModbusError> {
        match (self, rest) {
            (_, [function, code]) if *function == self.function() | 0x80 => {
                Err(ModbusError::Exception(*code))
            }
            (Self::ReadInput { .. }, [2, 1, bits]) => Ok(Answer::Input(bits & 1 == 1)),
            (Self::WriteCoil { .. } | Self::WriteCoils { .. }, [function, echo @ ..])
                if *function == self.function() && echo.len() == 4 =>
            {
                if echo == self.echoed() {
                    Ok(Answer::Written)
                } else {
                    Err(ModbusError::Echo)
                }
            }
            (Self::ReadInput { .. } | Self::WriteCoil { .. } | Self::WriteCoils { .. }, _) => {
                Err(ModbusError::Form)
            }
        }
    }
}

/// Reads a header; gives how many bytes follow it.
///
/// # Errors
/// [`ModbusError::Header`], [`ModbusError::Transaction`], [`ModbusError::Form`].
pub fn read_header(header: [u8; HEADER], transaction: u16, unit: u8) -> Result<usize, ModbusError> {
    let [a, b, c, d, e, f, own] = header;
    let length = usize::from(u16::from_be_bytes([e, f]));
    if (c, d) != (0, 0) || !(3..=LONGEST).contains(&length) {
        return Err(ModbusError::Header);
    }
    if u16::from_be_bytes([a, b]) != transaction {
        return Err(ModbusError::Transaction);
    }
    if own != unit {
        return Err(ModbusError::Form);
    }
    // The unit is counted in the length, and read already.
    Ok(length.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_are_those_of_the_specification() {
        let on = Request::WriteCoil { coil: 0x00ac, on: true };
        // Modbus Application Protocol 1.1b3, 6.5: write coil 173 on.
        assert_eq!(on.encode(1, 17), [0, 1, 0, 0, 0, 6, 17, 5, 0, 0xac, 0xff, 0]);
        assert_eq!(on.read(&[5, 0, 0xac, 0xff, 0]), Ok(Answer::Written));
        let ten = Request::WriteCoils { first: 0x13, count: 10, on: true };
        assert_eq!(ten.encode(2, 1), [0, 2, 0, 0, 0, 9, 1, 15, 0, 0x13, 0, 10, 2, 0xff, 3]);
        let three = Request::WriteCoils { first: 0, count: 3, on: false };
        assert_eq!(three.encode(2, 1), [0, 2, 0, 0, 0, 8, 1, 15, 0, 0, 0, 3, 1, 0]);
        assert_eq!(Request::ReadInput { input: 0xc4 }.encode(3, 1), [0, 3, 0, 0, 0, 6, 1, 2, 0, 0xc4, 0, 1]);
        assert_eq!(Request::ReadInput { input: 0xc4 }.read(&[2, 1, 1]), Ok(Answer::Input(true)));
    }

    #[test]
    fn what_is_no_answer_has_its_own_code() {
        let on = Request::WriteCoil { coil: 1, on: true };
        for (rest, code) in [
            (vec![0x85, 2], "modbus_exception"),
            (vec![5, 0, 1, 0, 0], "modbus_echo"),
            (vec![5, 0, 2, 0xff, 0], "modbus_echo"),
            (vec![5, 0, 1, 0xff], "modbus_form"),
            (vec![2, 1, 1], "modbus_form"),
            (vec![], "modbus_form"),
        ] {
            assert_eq!(on.read(&rest).unwrap_err().code(), code, "row {rest:?}");
        }
        for (header, code) in [
            ([0, 7, 0, 1, 0, 6, 1], "modbus_header"),
            ([0, 7, 0, 0, 0, 2, 1], "modbus_header"),
            ([0, 7, 0, 0, 1, 0, 1], "modbus_header"),
            ([0, 8, 0, 0, 0, 6, 1], "modbus_transaction"),
            ([0, 7, 0, 0, 0, 6, 2], "modbus_form"),
        ] {
            assert_eq!(read_header(header, 7, 1).unwrap_err().code(), code, "row {header:?}");
        }
        assert_eq!(read_header([0, 7, 0, 0, 0, 6, 1], 7, 1), Ok(5));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(rest in prop::collection::vec(any::<u8>(), 0..300), header in any::<[u8; 7]>()) {
            for request in [Request::WriteCoil { coil: 1, on: true }, Request::ReadInput { input: 0 }, Request::WriteCoils { first: 0, count: 9, on: true }] {
                let _whatever_it_is = request.read(&rest);
            }
            if let Ok(length) = read_header(header, 7, 1) {
                prop_assert!(length <= LONGEST);
            }
        }
    }
}
