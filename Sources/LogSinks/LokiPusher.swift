import ClusterSetup
import Ethereum
import Logging
import Program
import Synchronization

/// Pushes lines to Loki each second, at debug level whatever the console shows. Source: operations.md §6.5.
package final class LokiPusher: Sendable {
    private static let pushEvery = Duration.seconds(1)
    private static let timeout = Duration.seconds(10)
    /// For the last try: whoever ended the process waits for it.
    private static let lastTimeout = Duration.seconds(2)

    private let addresses: [ServiceURL]
    private let service: String
    private let masked: @Sendable (String) -> String
    private let logger: @Sendable () -> Logger
    private let delivery: Mutex<LokiDelivery>

    /// - Parameters:
    ///   - addresses: whole URLs, e.g. `http://loki:3100/loki/api/v1/push`.
    ///   - service: the label by which dashboards find the lines.
    ///   - masked: takes secrets out of texts.
    ///   - logger: for its own troubles; asked when there are some.
    package init(
        _ addresses: [ServiceURL], service: String, masked: @escaping @Sendable (String) -> String,
        logger: @escaping @Sendable () -> Logger
    ) {
        self.addresses = addresses
        self.service = service
        self.masked = masked
        self.logger = logger
        delivery = Mutex(LokiDelivery(count: addresses.count))
    }

    /// From any thread, at once.
    package func add(_ record: LogRecord) {
        let dropped = delivery.withLock { delivery in
            delivery.add(record)
            return delivery.dropped
        }
        LogTally.noteLoki(dropped: dropped)
    }

    /// Who this process is. Lines wait until then.
    package func identify(_ labels: [(name: String, value: String)]) {
        delivery.withLock { $0.identify([("service", service)] + labels) }
    }

    /// Pushes for as long as `body` runs, and tries once more when it has ended.
    ///
    /// - Parameter patience: as of `WebClient`.
    package func run<R: Sendable>(patience: Int = 1, during body: () async throws -> R) async throws -> R {
        try await WebClient.with(patience: patience, connectionsMax: 2) { web in
            let result = await pushing(web, grace: Self.lastTimeout * patience) { () async -> Result<R, any Error> in
                do { return .success(try await body()) } catch { return .failure(error) }
            }
            await withDiscardingTaskGroup { group in
                for index in addresses.indices {
                    group.addTask { [self] in await push(index, web, Self.lastTimeout, isLast: true) }
                }
            }
            return try result.get()
        }
    }

    /// Pushes each second for as long as `body` runs. A push that is under way at the end has `grace` to get through: Loki
    /// may have its lines already, and would get them twice.
    private func pushing<R: Sendable>(
        _ web: WebClient, grace: Duration, during body: () async -> R
    ) async -> R {
        let ticks = addresses.map { _ in AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1)) }
        return await withTaskGroup(of: Bool.self) { group in
            for (index, tick) in ticks.enumerated() {
                group.addTask { [self] in
                    for await _ in tick.stream { await push(index, web, Self.timeout) }
                    return true
                }
            }
            let result = await withDiscardingTaskGroup { clock in
                clock.addTask {
                    repeat {
                        for tick in ticks { tick.continuation.yield() }
                        try? await Task.sleep(for: Self.pushEvery)
                    } while !Task.isCancelled
                }
                let result = await body()
                clock.cancelAll()
                return result
            }
            for tick in ticks { tick.continuation.finish() }
            group.addTask {
                try? await Task.sleep(for: grace)
                return false
            }
            var pushers = ticks.count
            while pushers > 0, await group.next() == true { pushers -= 1 }
            group.cancelAll()
            return result
        }
    }

    private func push(_ index: Int, _ web: WebClient, _ timeout: Duration, isLast: Bool = false) async {
        guard let batch = delivery.withLock({ $0.take(index, at: .now, isLast: isLast) }) else { return }
        var push = LokiPush(labels: batch.labels)
        var layout = LogLayout(.logfmt, masked: masked)
        var tooLong = 0
        for record in batch.records where !push.add(layout.line(record), at: record.time) {
            // The part for people says nothing new.
            if !push.add(layout.line(record, isPretty: false), at: record.time) { tooLong += 1 }
        }
        let outcome = push.count > 0 ? await post(push, addresses[index], web, timeout) : .taken
        var random = SystemRandomNumberGenerator()
        let (notice, dropped) = delivery.withLock { delivery in
            (delivery.end(index, outcome, tooLong: tooLong, at: .now, using: &random), delivery.dropped)
        }
        LogTally.noteLoki(dropped: dropped)
        if let notice, !isLast { tell(notice) }
    }

    private func post(
        _ push: LokiPush, _ url: ServiceURL, _ web: WebClient, _ timeout: Duration
    ) async -> LokiQueue.Outcome {
        var request = WebClient.Request(url.target, timeout: timeout, answerBytesMax: 64 << 10)
        request.method = .POST
        request.authorization = url.authorization
        request.headers = [("content-type", LokiPush.contentType)]
        request.body = push.body
        do throws(ServiceError.Cause) {
            let answer = try await web.send(request)
            if answer.isSuccess { return .taken }
            let text = ServiceError.excerpt(String(decoding: answer.body.prefix(4096), as: UTF8.self), url.secrets)
            let cause = ServiceError.Cause.status(answer.status, text)
            // 400: too old, out of order or malformed, now and for ever.
            return [400, 413, 422].contains(answer.status) ? .refused("\(cause)") : .failed("\(cause)")
        } catch {
            return .failed("\(error)")
        }
    }

    private func tell(_ notice: LokiDelivery.Notice) {
        switch notice {
        case .trouble(let index, let why, let dropped):
            logger().warning(
                "log lines do not reach Loki (--loki-addresses); a thousand wait, the rest is dropped",
                metadata: ["address": "\(addresses[index])", "error": "\(why)", "dropped": "\(dropped)"])
        case .worksAgain(let index, let dropped):
            logger().info(
                "log lines reach Loki again", metadata: ["address": "\(addresses[index])", "dropped": "\(dropped)"])
        }
    }
}
