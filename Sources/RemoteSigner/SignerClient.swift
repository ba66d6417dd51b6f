import AsyncHTTPClient
import ClusterSetup
import Ethereum
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SSZ
import Synchronization

/// The operator's remote signers, as if they were one: asks for signatures, checks what comes, and keeps an eye on which
/// keys they have. Source: remote-signer.md §A, §C.
///
/// No signature leaves it that was not checked under the key share that should have made it.
package final class SignerClient: Sendable {
    /// What a signer made, to be checked.
    package struct Claim: Sendable {
        package let key: PubShare
        package let root: Root
        package let signature: SignatureBytes
    }

    /// Tells for each whether it holds, from any thread; false if too much waits.
    package typealias Check = @Sendable ([Claim], @escaping @Sendable ([Bool]) -> Void) -> Bool

    /// What each signer lists, by its name; nil for one that has not told yet.
    package typealias Lists = [(signer: String, keys: Set<PubShare>?)]

    /// Of a signer that is left alone because it fails, but for a request now and then.
    package struct Outage: Sendable {
        package let since: ContinuousClock.Instant
        /// How it began.
        package let failure: SigningFailure
    }

    private struct State: Sendable {
        var desk: SigningDesk
        var timer: (at: SigningQueue.Time, task: Scheduled<Void>)?
        var isStopped = false
    }

    let configuration: SignerConfiguration
    private let http: HTTPClient
    private let loop: any EventLoop
    private let verify: Check
    private let listed: @Sendable (Lists) -> Void
    private let log: SignerLog
    private let state: Mutex<State>

    /// Asks nobody before `start`.
    ///
    /// - Parameters:
    ///   - listed: called when a signer's list of keys is another than before, from any thread.
    /// - Precondition: there is a signer.
    package init(
        _ configuration: SignerConfiguration, check: @escaping Check, listed: @escaping @Sendable (Lists) -> Void,
        logger: Logger
    ) {
        precondition(!configuration.urls.isEmpty)
        self.configuration = configuration
        verify = check
        self.listed = listed
        log = SignerLog(configuration.urls.map(\.description), logger)
        loop = MultiThreadedEventLoopGroup.singleton.next()
        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.httpVersion = .http1Only
        settings.tlsConfiguration = configuration.tls?.configuration
        settings.timeout.connect = TimeAmount(configuration.timeout)
        // A refused connection is an answer: another signer may be asked at once.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.bounds.inFlightMax + 2
        // One loop for requests and connections: else AsyncHTTPClient 1.37 hears on one loop that a request's end was
        // written, and traps if the connection, answered and closed by then, is gone on the other.
        http = HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: settings)
        let queue = SigningQueue(
            signers: configuration.urls.map(\.description), timeout: configuration.timeout,
            bounds: configuration.bounds, at: .now)
        state = Mutex(State(desk: SigningDesk(queue: queue)))
    }

    /// Asks the signers for their keys, and from now on every epoch.
    package func start() { update { $0.work($0.queue.tick(at: .now)) } }

    /// - Parameter epoch: how often keys are listed.
    package func follow(epoch: Duration) { update { $0.follow(epoch, at: .now) } }

    /// Signs no more with these keys, until asked anew.
    package func forget(_ keys: Set<PubShare>) { update { $0.work($0.queue.forget(keys)) } }

    /// What each signer lists now.
    package var lists: Lists {
        let lists = state.withLock { $0.desk.queue.lists }
        return zip(configuration.urls, lists).map { ($0.description, $1) }
    }

    /// By signer's name.
    package var outages: [String: Outage] {
        let outages = state.withLock { $0.desk.queue.outages }
        let named = zip(configuration.urls, outages).compactMap { url, outage in
            outage.map { (url.description, Outage(since: $0.0, failure: $0.1)) }
        }
        return Dictionary(named, uniquingKeysWith: { first, _ in first })
    }

    /// Ends all requests; nothing is told any more. Must be called before it is dropped.
    package func shutdown() async {
        state.withLock { state in
            state.isStopped = true
            state.timer?.task.cancel()
            state.timer = nil
        }
        try? await http.shutdown()
    }

    /// - Parameters:
    ///   - deadline: when the signatures are of no use any more.
    ///   - tell: called as signatures and failures come, from any thread, until all are told.
    package func sign(
        _ orders: [SigningOrder], _ rank: SigningRank, until deadline: ContinuousClock.Instant,
        tell: @escaping @Sendable (SignerOutcome) -> Void
    ) {
        update { $0.sign(orders, rank, until: deadline, at: .now, tell: tell) }
    }

    // MARK: Turns

    private func update(_ change: (inout SigningDesk) -> SigningDesk.Work) {
        let work = state.withLock { state -> SigningDesk.Work? in
            guard !state.isStopped else { return nil }
            let work = change(&state.desk)
            arm(&state)
            return work
        }
        guard let work else { return }
        for action in work.news { tell(action) }
        for ask in work.asks { send(ask, until: .now() + TimeAmount(max(.zero, ask.timeout))) }
        for signer in work.lists { list(signer) }
        for (tell, outcome) in work.tells { tell(outcome) }
        if !work.check.isEmpty { check(work.check) }
        for batch in work.flushes {
            loop.scheduleTask(in: TimeAmount(configuration.flushAfter)) { self.update { $0.flush(batch) } }
        }
    }

    /// Sets the one timer to the queue's next wish.
    private func arm(_ state: inout State) {
        guard let wanted = state.desk.queue.nextWake else { return }
        if let timer = state.timer, timer.at <= wanted { return }
        state.timer?.task.cancel()
        // Not at once: what is due already waits for something else.
        let pause = max(.milliseconds(1), ContinuousClock.now.duration(to: wanted))
        let task = loop.scheduleTask(in: TimeAmount(pause)) { self.wake(wanted) }
        state.timer = (wanted, task)
    }

    private func wake(_ at: SigningQueue.Time) {
        state.withLock { if $0.timer?.at == at { $0.timer = nil } }
        update { $0.work($0.queue.tick(at: .now)) }
    }

    private func tell(_ action: SigningQueue.Action) {
        log.note(action)
        guard action == .listsChanged else { return }
        listed(lists)
    }

    // MARK: Requests

    private func send(_ ask: SigningDesk.Ask, until deadline: NIODeadline, isAgain: Bool = false) {
        let path = "/api/v1/eth2/sign/" + ask.order.key.hex
        request(ask.signer, .POST, path, ask.order.body, bytesMax: SignerAnswer.bytesMax, deadline) { result in
            // Most likely it closed an idle connection at the instant we used it again.
            if !isAgain, case .failure(let error) = result, error as? HTTPClientError == .remoteConnectionClosed {
                return self.send(ask, until: deadline, isAgain: true)
            }
            let response = self.response(result, of: ask.signer)
            self.log.note(response, of: ask.signer, for: ask.order.key)
            self.update { $0.answered(ask.id, response, of: ask.signer, at: .now) }
        }
    }

    private func list(_ signer: Int) {
        let deadline = NIODeadline.now() + TimeAmount(configuration.listTimeout)
        request(signer, .GET, "/api/v1/eth2/publicKeys", nil, bytesMax: SignerKeys.bytesMax, deadline) { result in
            if case .success(let answer) = result, answer.status == .ok {
                let body = answer.body?.readableBytesView ?? ByteBufferView()
                if let keys = try? SignerKeys.parse(body) { return self.update { $0.listed(signer, keys, at: .now) } }
            }
            let response = self.response(result, of: signer)
            self.update { $0.work($0.queue.listFailed(signer, response, at: .now)) }
        }
    }

    /// - Parameter done: called once, later.
    func request(
        _ signer: Int, _ method: HTTPMethod, _ path: String, _ body: ByteBuffer?, bytesMax: Int,
        _ deadline: NIODeadline, done: @escaping @Sendable (Result<HTTPClient.Response, any Error>) -> Void
    ) {
        let url = configuration.urls[signer]
        var headers = HTTPHeaders([("user-agent", "styx"), ("accept", "application/json")])
        if let authorization = url.authorization { headers.add(name: "authorization", value: authorization) }
        if body != nil { headers.add(name: "content-type", value: "application/json") }
        do {
            let outgoing = try HTTPClient.Request(
                url: url.appending(path), method: method, headers: headers, body: body.map { .byteBuffer($0) })
            let task = http.execute(
                request: outgoing, delegate: ResponseAccumulator(request: outgoing, maxBodySize: bytesMax),
                deadline: deadline)
            task.futureResult.whenComplete(done)
        } catch {
            loop.execute { done(.failure(error)) }
        }
    }

    private func response(_ result: Result<HTTPClient.Response, any Error>, of signer: Int) -> SigningQueue.Response {
        switch result {
        case .success(let answer):
            let body = answer.body?.readableBytesView ?? ByteBufferView()
            let secrets = configuration.urls[signer].secrets
            return .answer(SignerAnswer(status: Int(answer.status.code), body: body, secrets: secrets))
        case .failure(let error):
            let cause = ServiceError.Cause(transport: error, timeout: configuration.timeout)
            switch cause {
            case .timeout: return .timedOut
            case .tooLarge: return .answer(.garbage("\(cause)"))
            default: return .unreachable("\(cause)")
            }
        }
    }

    // MARK: Checks

    private func check(_ made: [SigningDesk.Unchecked]) {
        let claims = made.map { Claim(key: $0.key, root: $0.root, signature: $0.signature) }
        let isAdmitted = verify(claims) { holds in
            self.log.noteWrong(zip(made, holds).filter { !$1 }.map { ($0.0.signer, $0.0.key) })
            self.update { $0.checked(made, holds, at: .now) }
        }
        if !isAdmitted { update { $0.checked(made, nil, at: .now) } }
    }
}
