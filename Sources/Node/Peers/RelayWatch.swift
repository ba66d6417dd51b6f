import AsyncHTTPClient
import Libp2p
import Logging
import NIOCore
import NIOPosix
import Program
import Synchronization
import Timing

/// Asks the URLs of `--p2p-relays` for their relays, for ever and each on its own, and tells the host. Nothing waits
/// for it: a relay that is slow, wrong or gone costs nobody else anything.
package final class RelayWatch: Sendable {
    private static let timeout = Duration.seconds(10)

    private let resolver: Mutex<RelayResolver>
    /// One for each URL: ask again now.
    private let bells: [Bell]
    private let spacing: Duration
    /// Sent to relays, who count clusters by them.
    private let headers: [(name: String, value: String)]
    private let http: HTTPClient
    private let logger: Logger
    private let update: @Sendable ([PeerID: [Multiaddr]]) async -> Void

    /// - Parameters:
    ///   - headers: sent with every question.
    ///   - spacing: at least that long no URL that has answered is asked again, whatever happens.
    ///   - update: gets all relays when they have changed, and once at the start.
    init(
        _ resolver: RelayResolver, headers: [(name: String, value: String)], spacing: Duration = .seconds(5),
        logger: Logger, update: @escaping @Sendable ([PeerID: [Multiaddr]]) async -> Void
    ) {
        bells = resolver.urls.map { _ in Bell() }
        self.resolver = Mutex(resolver)
        self.spacing = spacing
        self.headers = headers
        self.logger = logger
        self.update = update
        var settings = HTTPClient.Configuration(redirectConfiguration: .follow(max: 3, allowCycles: false))
        settings.timeout.connect = TimeAmount(Self.timeout)
        // A refused connection is an answer; we ask again ourselves.
        settings.connectionPool.retryConnectionEstablishment = false
        // Of one loop: see `BeaconClient`.
        http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.next()), configuration: settings)
    }

    /// - Parameter entries: of `--p2p-relays`; those of no use are logged and left out.
    package convenience init(
        entries: [String], headers: [(name: String, value: String)], logger: Logger,
        update: @escaping @Sendable ([PeerID: [Multiaddr]]) async -> Void
    ) {
        let list = RelayList(entries)
        for omission in list.omissions {
            logger.warning(
                "an entry of --p2p-relays is left out",
                metadata: [
                    "entry": "\(omission.number)", "value": "\(omission.entry)", "reason": "\(omission.reason)",
                ])
        }
        if list.sources.isEmpty, !list.omissions.isEmpty {
            logger.warning("no entry of --p2p-relays can be used: going on without relays")
        }
        self.init(RelayResolver(list.sources), headers: headers, logger: logger, update: update)
    }

    /// Until cancelled.
    package func run() async throws {
        let (urls, fixed) = resolver.withLock { ($0.urls, $0.relays) }
        await update(fixed)
        await withDiscardingTaskGroup { group in
            for (index, url) in urls.enumerated() { group.addTask { await self.watch(url, index) } }
            // Without URLs there is nothing to do but to stay.
            group.addTask { try? await Task.sleep(for: .seconds(1 << 40)) }
        }
        try await http.shutdown()
        try Task.checkCancellation()
    }

    /// Somebody else answers where this relay was: perhaps its key is new, and its URL knows. From any thread.
    package func relayReplaced(_ relay: PeerID) {
        let (questions, isNews) = resolver.withLock { $0.relayReplaced(relay) }
        if isNews {
            logger.warning(
                questions.isEmpty
                    ? "somebody else answers at a relay's address; correct its id in --p2p-relays"
                    : "somebody else answers at a relay's address; its URL is asked again",
                metadata: ["relay": "\(relay)"])
        }
        for question in questions { bells[question].ring() }
    }

    /// The relay itself answers. From any thread.
    package func relayFound(_ relay: PeerID) { resolver.withLock { $0.relayFound(relay) } }

    private func watch(_ url: RelayURL, _ index: Int) async {
        if url.isPlain {
            logger.warning(
                "relay is looked up over http, so that anybody on the way can name another one; prefer https",
                metadata: ["url": "\(url)", "number": "\(index + 1)"])
        }
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            let result: Result<RelayAnswer, RelayFault>
            do throws(RelayFault) { result = .success(try await ask(url)) } catch { result = .failure(error) }
            if Task.isCancelled { return }
            let (pause, report, relays) = resolver.withLock { resolver in
                let (pause, report) = resolver.answered(index, result, using: &generator)
                return (pause, report, resolver.relays)
            }
            if let report { await tell(report, url, index, relays) }
            try? await Task.sleep(for: min(pause, spacing))
            if pause > spacing { try? await withDeadline(pause - spacing) { await self.bells[index].wait() } }
        }
    }

    /// - Parameter index: among the URLs: what sets them apart may be their paths, which are not told.
    private func tell(
        _ report: RelayResolver.Report, _ url: RelayURL, _ index: Int, _ relays: [PeerID: [Multiaddr]]
    ) async {
        switch report {
        case .named(let answer):
            logger.info(
                "relay found",
                metadata: [
                    "url": "\(url)", "number": "\(index + 1)", "relay": "\(answer.relay)",
                    "addresses": "\(answer.addresses.map(\.description).joined(separator: ","))",
                ])
            await update(relays)
        case .failed(let fault):
            logger.warning(
                "relay not found; it is asked again, and nothing waits for it",
                metadata: ["url": "\(url)", "number": "\(index + 1)", "reason": "\(fault)"])
        }
    }

    private func ask(_ url: RelayURL) async throws(RelayFault) -> RelayAnswer {
        var request = HTTPClientRequest(url: url.text)
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        if let authorization = url.authorization { request.headers.add(name: "Authorization", value: authorization) }
        let body: [UInt8]
        do {
            let sent = request
            body = try await withDeadline(Self.timeout) { [http] in
                let response = try await http.execute(sent, timeout: TimeAmount(Self.timeout))
                guard (200..<300).contains(response.status.code) else { throw RelayFault.status(response.status.code) }
                return Array((try await response.body.collect(upTo: RelayAnswer.bodyBytesMax)).readableBytesView)
            }
        } catch let fault as RelayFault { throw fault } catch is NIOTooManyBytesError { throw .tooLong } catch {
            throw .unreachable(error is DeadlineExceeded ? "no answer within 10 s" : "\(SocketFault(error))")
        }
        return try RelayAnswer(body)
    }
}
