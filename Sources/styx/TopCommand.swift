import ArgumentParser
import ClusterSetup
import Foundation
import Program
import SSZ
import Synchronization
import Views

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch a node: its operators, duties, latencies, and what is missing.",
        discussion: """
            Asks a node that runs with --debug-address, on this machine or through a tunnel. The same, and more, is at that \
            address for a browser. Keys: q quits. Without a terminal, or with --once, everything is written once.
            """)

    @Option(help: "Debug address of the node, ip:port: what its --debug-address says.")
    var debugAddress = "127.0.0.1:3630"
    @Option(help: "Between two looks, e.g. 2s.", transform: duration) var interval = Duration.seconds(1)
    @Flag(help: "Write everything once, as plain text, and end.") var once = false

    static let flags = EnvironmentArguments.Flags(options: ["debug-address", "interval"], switches: ["once"])

    private static let timeout = Duration.seconds(5)

    func validate() throws {
        guard interval >= .milliseconds(200), interval <= .seconds(3600) else {
            throw ValidationError("--interval must be 200ms to 1h")
        }
    }

    func run() async throws {
        try await failing("top") {
            let url = try Self.url(debugAddress)
            let isTerminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0
            if once || !isTerminal {
                let live = try await WebClient.with { try await Self.look(url, $0) }
                let screen = TopScreen(size: nil, hasColours: false, isUnicode: true)
                print(screen.lines(live).joined(separator: "\n"))
            } else {
                try await watch(url)
            }
        }
    }

    /// What listens on all addresses is asked on loopback.
    static func url(_ address: String) throws(ConfigurationError) -> String {
        let place = try SocketAddressText(address, flag: "debug-address")
        let host = ["0.0.0.0": "127.0.0.1", "::": "::1"][place.host] ?? place.host
        return "http://\(place.isIPv6 ? "[\(host)]" : host):\(place.port)\(LiveAnswer.path)"
    }

    private static func look(_ url: String, _ web: WebClient) async throws -> JSONValue {
        let request = WebClient.Request(url, timeout: timeout, answerBytesMax: LiveAnswer.bytesMax)
        let answer: WebClient.Answer
        do { answer = try await web.send(request) } catch {
            throw CommandFailure("\(url): \(error); is the node running, with this --debug-address?")
        }
        guard answer.isSuccess else {
            throw CommandFailure("\(url): status \(answer.status); is it the debug address of a Styx node?")
        }
        do { return try LiveAnswer.parse(answer.body) } catch { throw CommandFailure("\(url): \(error)") }
    }

    // MARK: On a terminal

    /// The latest answer, and why there is no newer one.
    private struct Answer: Sendable {
        var live: JSONValue = .object(JSONObject())
        var at: ContinuousClock.Instant?
        var problem: String?
        var number = 0
    }

    private final class Latest: Sendable {
        let answer = Mutex(Answer())
    }

    private func watch(_ url: String) async throws {
        let terminal = try TopTerminal()
        defer { terminal.leave() }
        let (latest, interval) = (Latest(), interval)
        do {
            try await untilInterrupted {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await Self.follow(url, every: interval, latest) }
                    group.addTask { try await Self.draw(latest, on: terminal) }
                    try await group.next()
                    group.cancelAll()
                }
            }
        } catch is CancellationError {
            // A signal is as good as q.
        }
    }

    private static func follow(_ url: String, every interval: Duration, _ latest: Latest) async throws {
        while true {
            let result: Result<JSONValue, any Error>
            // Of one loop each time: the client is dropped when the node goes.
            do { result = .success(try await WebClient.with { try await look(url, $0) }) } catch {
                result = .failure(error)
            }
            try Task.checkCancellation()
            latest.answer.withLock { answer in
                answer.number += 1
                switch result {
                case .success(let live): (answer.live, answer.at, answer.problem) = (live, .now, nil)
                case .failure(let error): answer.problem = "\(error)"
                }
            }
            try await Task.sleep(for: interval)
        }
    }

    /// Until somebody quits.
    private static func draw(_ latest: Latest, on terminal: TopTerminal) async throws {
        var drawn: (number: Int, size: TopScreen.Size)?
        while !terminal.isQuitWanted() {
            let size = terminal.size()
            let now = latest.answer.withLock { $0 }
            if drawn?.number != now.number || drawn?.size != size {
                let screen = TopScreen(
                    size: size, hasColours: terminal.hasColours, isUnicode: terminal.isUnicode)
                let age = now.at.map { $0.duration(to: .now) }
                terminal.draw(screen.lines(now.live, problem: now.problem, age: age))
                drawn = (now.number, size)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
