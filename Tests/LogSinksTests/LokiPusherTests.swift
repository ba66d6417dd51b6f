import ClusterSetup
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import LogSinks

@Suite("pushing to Loki over HTTP")
struct LokiPusherTests {
    /// Lines about the pusher itself.
    private final class Notes: Sendable {
        private let lines = Mutex<[LogRecord]>([])
        let told = Gate()

        var all: [LogRecord] { lines.withLock { $0 } }

        var logger: Logger { Logger(label: "loki") { _ in Handler(notes: self) } }

        struct Handler: LogHandler {
            let notes: Notes
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.debug

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                notes.lines.withLock { $0.append(LogRecord(event, topic: "loki", metadata: [:], at: sampleTime)) }
                notes.told.open()
            }
        }
    }

    private let notes = Notes()

    private func pusher(_ url: String) throws -> LokiPusher {
        LokiPusher([try ServiceURL(url)], service: "charon", masked: { $0.replacing("hidden", with: "***") }) {
            [notes] in
            notes.logger
        }
    }

    @Test("each second, as logfmt, under the labels")
    func pushes() async throws {
        try await FakeLoki.with { loki in
            let pusher = try pusher(loki.url)
            pusher.add(failedDuty)
            try await pusher.run(patience: 30) {
                pusher.identify([("cluster_name", "test")])
                pusher.add(record("hidden", .debug))
                await loki.pushed.wait()
            }
            let push = try #require(loki.pushes.first)
            #expect(push.method == "POST" && push.target == "/loki/api/v1/push?x=1")
            #expect(push.contentType == "application/x-protobuf")
            #expect(push.authorization == "Basic " + Data("user:password".utf8).base64EncodedString())
            let streams = try loki.pushes.map { try $0.stream() }
            #expect(streams[0].labels == #"{cluster_name="test", service="charon"}"#)
            let lines = streams.flatMap(\.lines)
            #expect(
                lines.count == 2 && lines[0].contains(#"level=error caller=Node/StyxNode.swift:17 msg="Duty failed""#))
            #expect(lines[1].contains(" level=debug ") && lines[1].contains(" msg=*** "))
        }
        #expect(notes.all.isEmpty)
    }

    @Test("what waits at the end goes with the last try")
    func last() async throws {
        try await FakeLoki.with { loki in
            let pusher = try pusher(loki.url)
            pusher.identify([])
            try await pusher.run(patience: 30) { pusher.add(record("stopped")) }
            #expect(try loki.pushes.map { try $0.stream().lines.count } == [1])
        }
    }

    @Test("an error of what runs is passed on, after the last try")
    func failing() async throws {
        struct Broken: Error {}
        try await FakeLoki.with { loki in
            let pusher = try pusher(loki.url)
            pusher.identify([])
            await #expect(throws: Broken.self) {
                try await pusher.run(patience: 30) {
                    pusher.add(record("why"))
                    throw Broken()
                }
            }
            #expect(loki.pushes.count == 1)
        }
    }

    @Test("nothing is sent of a process that never was somebody")
    func unidentified() async throws {
        try await FakeLoki.with { loki in
            let pusher = try pusher(loki.url)
            try await pusher.run(patience: 30) { pusher.add(record()) }
            #expect(loki.pushes.isEmpty)
        }
    }

    @Test("a refusal is told without the secrets it repeats, and the lines come again")
    func refused() async throws {
        try await FakeLoki.with({ $0 == 0 ? 503 : 204 }) { loki in
            let pusher = try pusher(loki.url)
            pusher.identify([])
            pusher.add(record("a"))
            try await pusher.run(patience: 30) { await notes.told.wait() }
            let note = try #require(notes.all.first)
            #expect(note.level == .warning && note.fields.map(\.name) == ["address", "dropped", "error"])
            #expect(note.fields[2].value.contains("503") && note.fields[2].value.contains("***"))
            #expect(!"\(note)".contains("password") && !"\(note)".contains("user"))
            #expect(try loki.pushes.map { try $0.stream().lines.count } == [1, 1])
        }
    }

    @Test("what Loki is still taking at the end is not sent twice")
    func underWay() async throws {
        let slow: @Sendable (Int) -> Int = { _ in
            Thread.sleep(forTimeInterval: 0.2)
            return 204
        }
        try await FakeLoki.with(slow) { loki in
            let pusher = try pusher(loki.url)
            pusher.identify([])
            pusher.add(record())
            try await pusher.run(patience: 30) { await loki.pushed.wait() }
            #expect(loki.pushes.count == 1)
        }
    }

    @Test("lines of more than 4 KiB lose what repeats them, then go if they can")
    func long() async throws {
        try await FakeLoki.with { loki in
            let pusher = try pusher(loki.url)
            pusher.identify([])
            pusher.add(record(String(repeating: "a", count: 3000)))
            pusher.add(record(String(repeating: "b", count: 5000)))
            try await pusher.run(patience: 30) { await loki.pushed.wait() }
            let lines = try loki.pushes.flatMap { try $0.stream().lines }
            #expect(lines.count == 1 && lines[0].contains("msg=aaa") && !lines[0].contains("pretty="))
        }
    }

    @Test("nobody there: told once, and the end comes all the same")
    func nobody() async throws {
        let pusher = try pusher("http://127.0.0.1:1/loki/api/v1/push")
        pusher.identify([])
        pusher.add(record())
        try await pusher.run { await notes.told.wait() }
        #expect(notes.all.count == 1)
    }
}
