import Ethereum

/// What goes into the queue, and what comes out of it.
extension SigningQueue {
    struct Job: Sendable, Hashable {
        let key: PubShare
        let rank: SigningRank
        let deadline: Time
    }

    /// What came back for a request.
    enum Response: Hashable, Sendable {
        case answer(SignerAnswer)
        case timedOut
        case unreachable(String)
    }

    enum Action: Hashable, Sendable {
        case ask(ID, signer: Int, timeout: Duration)
        case list(signer: Int)
        /// It is tried again.
        case setback(ID, SigningFailure)
        /// It is over.
        case fail(ID, SigningFailure)
        case outage(signer: Int, SigningFailure)
        case recovered(signer: Int, after: Duration)
        /// Some signer's list is another than before.
        case listsChanged
        /// It answers, but does not list its keys.
        case unlisted(signer: Int, SigningFailure)
    }

    struct Bounds: Sendable {
        /// Web3Signer has as many workers.
        var inFlightMax = 20
        var lowInFlightMax = 10
        /// A slot's attestations of the largest cluster, several times.
        var jobsMax = 16384
        /// How often a broken answer is asked for again.
        var attemptsMax = 3
        var retryPause = Duration.milliseconds(500)
        /// Between two lists that an answer of 404 brings about.
        var relistPause = Duration.seconds(5)
    }
}
