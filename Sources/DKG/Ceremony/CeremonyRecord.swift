/// What a ceremony notes down before anybody can see what follows from it: with the seed enough to come back into the
/// same ceremony, as the same participant, at the same step.
package enum CeremonyRecord: Equatable, Sendable {
    /// The own step rises to this.
    case step(Int)
    /// A message of a participant, as received.
    case message(ParticipantIndex, CeremonyProtocol, [UInt8])
    /// Time for the next phase of the Pedersen run.
    case tick
    /// From here on files appear.
    case writing
    /// All files are there.
    case written

    private enum Tag: UInt8 {
        case step = 1, message, tick, writing, written
    }

    package func encoded() -> [UInt8] {
        switch self {
        case .step(let step): [Tag.step.rawValue, UInt8(clamping: step)]
        case .message(let peer, let protocolID, let bytes):
            [Tag.message.rawValue] + Self.pair(peer)
                + [UInt8(CeremonyProtocol.allCases.firstIndex(of: protocolID) ?? 0)] + bytes
        case .tick: [Tag.tick.rawValue]
        case .writing: [Tag.writing.rawValue]
        case .written: [Tag.written.rawValue]
        }
    }

    /// Nil for what `encoded` never makes.
    package init?(decoding bytes: [UInt8]) {
        guard let tag = bytes.first.flatMap(Tag.init) else { return nil }
        let rest = bytes.dropFirst()
        switch tag {
        case .step:
            guard rest.count == 1, let step = rest.first else { return nil }
            self = .step(Int(step))
        case .message:
            guard rest.count >= 3 else { return nil }
            let place = Int(rest[rest.startIndex + 2])
            guard CeremonyProtocol.allCases.indices.contains(place) else { return nil }
            self = .message(Self.number(rest), CeremonyProtocol.allCases[place], Array(rest.dropFirst(3)))
        case .tick: self = .tick
        case .writing: self = .writing
        case .written: self = .written
        }
    }

    private static func pair(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 255), UInt8(number & 255)] }
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
        Int(bytes[bytes.startIndex]) << 8 | Int(bytes[bytes.startIndex + 1])
    }
}
