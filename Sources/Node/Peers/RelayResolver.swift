import Libp2p
import Timing

/// Which relays there are now: those given by address, and what each URL last named. Pure: answers come in, pauses and
/// reports come out. A URL that fails keeps what it named before. Source: spec/p2p.md §8.1.
struct RelayResolver: Sendable {
    static let interval = Duration.seconds(120)
    /// After failures. Charon asks at least every 5 s; nothing here waits for the answer, so we ask less.
    private static let backoffBase = Duration.milliseconds(100)
    private static let backoffMax = Duration.seconds(30)

    /// Each change once.
    enum Report: Equatable, Sendable {
        case named(RelayAnswer)
        case failed(RelayFault)
    }

    private struct Question: Sendable {
        let url: RelayURL
        var answer: RelayAnswer?
        var fault: RelayFault?
        var backoff = Backoff(base: RelayResolver.backoffBase, max: RelayResolver.backoffMax)
    }

    private let fixed: [PeerID: [Multiaddr]]
    private var questions: [Question]
    /// Of `relays`: somebody else answers there.
    private var replaced: Set<PeerID> = []

    init(_ sources: [RelaySource]) {
        var fixed: [PeerID: [Multiaddr]] = [:]
        var questions: [Question] = []
        for source in sources {
            switch source {
            case .url(let url): questions.append(Question(url: url))
            case .fixed(let relay, let address): fixed[relay, default: []].append(address)
            }
        }
        self.fixed = fixed
        self.questions = questions
    }

    /// To be asked, each on its own.
    var urls: [RelayURL] { questions.map(\.url) }

    /// Ids and addresses, for `Host.setRelays`.
    var relays: [PeerID: [Multiaddr]] {
        var relays = fixed
        for answer in questions.compactMap(\.answer) {
            let known = relays[answer.relay] ?? []
            relays[answer.relay] = known + answer.addresses.filter { !known.contains($0) }
        }
        return relays
    }

    /// - Parameter index: of `urls`.
    /// - Returns: when to ask it again, and what is new.
    mutating func answered(
        _ index: Int, _ result: Result<RelayAnswer, RelayFault>, using generator: inout some RandomNumberGenerator
    ) -> (pause: Duration, report: Report?) {
        var question = questions[index]
        defer { questions[index] = question }
        switch result {
        case .success(let answer):
            question.backoff.reset()
            let isNews = question.answer != answer || question.fault != nil
            question.answer = answer
            question.fault = nil
            if isNews { replaced.remove(answer.relay) }
            return (Self.interval, isNews ? .named(answer) : nil)
        case .failure(let fault):
            let isNews = question.fault.map { !$0.isSameNews(as: fault) } ?? true
            question.fault = fault
            return (question.backoff.next(using: &generator), isNews ? .failed(fault) : nil)
        }
    }

    /// Somebody else answers at a relay's address.
    ///
    /// - Returns: which of `urls` named it and should be asked again now, and whether that is news.
    mutating func relayReplaced(_ relay: PeerID) -> (questions: [Int], isNews: Bool) {
        replaced = replaced.filter { relays[$0] != nil }
        guard relays[relay] != nil else { return ([], false) }
        return (questions.indices.filter { questions[$0].answer?.relay == relay }, replaced.insert(relay).inserted)
    }

    /// The relay itself answers.
    mutating func relayFound(_ relay: PeerID) { replaced.remove(relay) }
}
