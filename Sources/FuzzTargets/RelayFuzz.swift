import Libp2p
import Node

/// What relays, and peers behind them, say.
enum RelayFuzz {
    /// Byte 0: hop, stop or hole punch; then the message.
    static func messages(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let kind = source.choice(3)
        let rest = source.rest()
        return outcome {
            switch kind {
            case 0:
                let message = try HopMessage(rest)
                precondition((try? HopMessage(message.encode())) == message, "hop message changed")
                precondition((message.peer?.addresses.count ?? 0) <= Circuit.addressesMax)
                precondition((message.reservation?.addresses.count ?? 0) <= Circuit.addressesMax)
                precondition((message.reservation?.voucher?.count ?? 0) <= Circuit.voucherBytesMax)
                return "hop\(message.kind)\(message.peer == nil)\(message.reservation == nil)\(message.limit == nil)"
            case 1:
                let message = try StopMessage(rest)
                precondition((try? StopMessage(message.encode())) == message, "stop message changed")
                return "stop\(message.kind)\(message.peer == nil)\(message.limit == nil)\(message.status == nil)"
            default:
                let message = try HolePunch(rest)
                precondition((try? HolePunch(message.encode())) == message, "hole punch changed")
                precondition(message.addresses.count <= Circuit.addressesMax)
                return "punch\(message.kind)\(min(message.addresses.count, 2))"
            }
        }
    }

    static func voucher(_ bytes: [UInt8]) -> String {
        outcome {
            let voucher = try ReservationVoucher(sealed: bytes)
            return "ok\(voucher.relay == voucher.peer)"
        }
    }

    /// The body that a relay's URL answers.
    static func answer(_ bytes: [UInt8]) -> String {
        outcome {
            let answer = try RelayAnswer(bytes)
            precondition((1...RelayAnswer.addressesMax).contains(answer.addresses.count))
            precondition(answer.addresses.allSatisfy { $0.endpoint != nil && !$0.isUnspecified })
            return "ok\(min(answer.addresses.count, 3))"
        }
    }
}
