import QBFT
import SSZ

/// Peers' consensus messages for duties that this node has not begun.
///
/// Anybody can send an honest operator's votes again, in any number and order. So what is kept of an operator depends
/// on what it signed, not on how often or when it came: one message of each kind and round, those of the latest rounds.
struct EarlyMessages: Sendable {
    /// Per duty and operator: a node that is eight rounds late needs no more.
    private static let perSourceMax = 32

    private struct Room: Sendable {
        /// In order of arrival.
        var messages: [QBFT.Message] = []
        var values = DutyValues()

        mutating func keep(
            _ message: QBFT.Message, _ fresh: [Root: ConsensusValue], _ held: inout HeldBytes
        ) -> String? {
            let own = messages.indices.filter { messages[$0].source == message.source }
            // A second one of a kind and round is a repetition, or a lie.
            if own.contains(where: { messages[$0].kind == message.kind && messages[$0].round == message.round }) {
                return nil
            }
            if own.count >= perSourceMax {
                guard let lowest = own.min(by: { messages[$0].round < messages[$1].round }),
                    messages[lowest].round < message.round
                else { return nil }
                held.release(messages.remove(at: lowest).heldBytes, of: message.source)
            }
            guard held.take(message.heldBytes, for: message.source) else { return "too much before the duty began" }
            if let refusal = values.take(message.namedValue, from: fresh, namedBy: message.source, &held) {
                held.release(message.heldBytes, of: message.source)
                return refusal
            }
            messages.append(message)
            return nil
        }
    }

    private var rooms: [Duty: Room] = [:]

    var duties: [Duty] { rooms.keys.sorted() }

    var heldBytes: Int {
        rooms.values.reduce(0) { $0 + $1.values.heldBytes + $1.messages.reduce(0) { $0 + $1.heldBytes } }
    }

    /// How many operators wait for us to begin.
    func sources(of duty: Duty) -> Int { Set((rooms[duty]?.messages ?? []).map(\.source)).count }

    /// - Parameter message: admitted by the duty's instance.
    /// - Returns: why it was refused, if so.
    mutating func keep(
        _ message: QBFT.Message, of duty: Duty, values: [Root: ConsensusValue], _ held: inout HeldBytes
    ) -> String? {
        var room = rooms.removeValue(forKey: duty) ?? Room()
        let refusal = room.keep(message, values, &held)
        if !room.messages.isEmpty { rooms[duty] = room }
        return refusal
    }

    /// What waited, in order, and the values behind it. The messages are charged to nobody any more, the values are.
    mutating func take(_ duty: Duty, _ held: inout HeldBytes) -> (messages: [QBFT.Message], values: DutyValues) {
        guard let room = rooms.removeValue(forKey: duty) else { return ([], DutyValues()) }
        for message in room.messages { held.release(message.heldBytes, of: message.source) }
        return (room.messages, room.values)
    }
}
