/// What happens to a ceremony. Bytes are as they came, and of anybody who has the participant's identity key.
package enum CeremonyEvent: Sendable {
    /// A message on a peer's sync stream.
    ///
    /// - Parameter stream: any number that tells a peer's streams apart.
    case syncMessage(ParticipantIndex, [UInt8], stream: Int)
    case syncStreamEnded(ParticipantIndex, stream: Int)
    /// Our own sync stream to a peer is open.
    case syncReached(ParticipantIndex)
    case syncAnswer(ParticipantIndex, [UInt8])
    case syncLost(ParticipantIndex)
    /// A stream of a peer that brings one message.
    case message(ParticipantIndex, CeremonyProtocol, [UInt8])
    /// Something of ours has arrived. With the answer, where the protocol has one.
    case sent(Int, answer: [UInt8]?)
    case sendFailed(Int, reason: String, isUnknownProtocol: Bool)
    case worked(Result<CeremonyWork.Result, any Error>)
    /// All files are there, or why not.
    case written(Result<Void, any Error>)
    /// About every 100 ms.
    case tick
}

/// What to do, in this order. Whatever follows a record must wait until it is durable.
package enum CeremonyEffect: Sendable {
    case record(CeremonyRecord)
    /// One message on a stream of its own; what comes of it is an event with this number.
    case send(Int, to: ParticipantIndex, CeremonyProtocol, [UInt8])
    /// What to write back on the stream of the message that has just come.
    case answer([UInt8])
    /// The same on a sync stream, and whether that ends then.
    case answerSync([UInt8], ends: Bool)
    /// At most one at a time.
    case work(CeremonyWork)
    /// - Parameter continuing: files of it may be there already.
    case write(CeremonyOutcome, continuing: Bool)
    /// The files are there, and nothing more will be said but goodbye. Nil: an earlier process has written them.
    case finished(CeremonyOutcome?, warning: String?)
    case failed(CeremonyFailure)
    /// Something went wrong, and the ceremony goes on. For people.
    case warning(String)
}
