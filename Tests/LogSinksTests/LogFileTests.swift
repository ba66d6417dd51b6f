import Ethereum
import Testing

@testable import LogSinks

@Suite("the log file")
struct LogFileTests {
    private static let path = "/var/log/styx.log"
    private let disk = FakeLogDisk()
    private let start = ContinuousClock.now

    private func file(bytesMax: Int = 1000) -> LogFile<FakeLogDisk> {
        LogFile(path: Self.path, bytesMax: bytesMax, disk: disk)
    }

    private func append(
        _ file: inout LogFile<FakeLogDisk>, _ line: String, after seconds: Int
    ) -> [LogFile<FakeLogDisk>.Effect] {
        file.append(
            Array((line + "\n").utf8), count: 1, at: start + .seconds(seconds),
            wallTime: sampleTime + .seconds(seconds))
    }

    private var current: String { text(disk.files[Self.path] ?? []) }

    @Test("goes on where it was, and asks once for a look at older parts")
    func appends() {
        disk.change { $0.files[Self.path] = Array("old\n".utf8) }
        var file = file()
        #expect(append(&file, "a", after: 0) == [.tidy])
        #expect(append(&file, "b", after: 0) == [])
        #expect(current == "old\na\nb\n")
    }

    @Test("is put aside before it is too large; no line is lost or torn")
    func rotates() {
        var file = file(bytesMax: 100)
        var tidies = 0
        for number in 0..<100 {
            let effects = append(&file, "line number \(number)", after: number)
            #expect(effects.allSatisfy { $0 == .tidy })
            tidies += effects.count
        }
        let names = disk.names(in: "/var/log").sorted()
        #expect(names.count == tidies && tidies > 10)
        #expect(names.first == "styx-2025-11-29T16-30-12.123456789.log" && names.last == "styx.log")
        #expect(disk.files.values.allSatisfy { $0.count <= 100 })
        let all = names.compactMap { disk.files["/var/log/" + $0] }.map(text).joined()
        #expect(all == (0..<100).map { "line number \($0)\n" }.joined())
    }

    @Test("a line larger than the file is written all the same")
    func large() {
        var file = file(bytesMax: 10)
        #expect(append(&file, "a line of more than ten bytes", after: 0) == [.tidy])
        #expect(append(&file, "b", after: 1) == [.tidy])
        #expect(disk.files.count == 2 && current == "b\n")
    }

    @Test("a full disk costs one warning and the lines meanwhile, and tears no later line")
    func fullDisk() {
        var file = file(bytesMax: 1 << 20)
        _ = append(&file, "before", after: 0)
        disk.change { $0.room = 3 }
        #expect(
            append(&file, "half", after: 1)
                == [.warn("lines of the log file are lost until it can be written: write : full")])
        for second in 2..<3600 { #expect(append(&file, "lost", after: second) == []) }
        disk.change { $0.room = .max }
        #expect(append(&file, "after", after: 3600) == [.recovered(lost: 3599)])
        #expect(append(&file, "more", after: 3600) == [])
        #expect(current == "before\nhal\nafter\nmore\n")
    }

    @Test("trouble that comes and goes is told once a minute")
    func flapping() {
        var file = file(bytesMax: 1 << 20)
        var warnings = 0
        for second in 0..<600 {
            disk.change { $0.room = second % 4 < 2 ? 0 : .max }
            for effect in append(&file, "x", after: second) {
                if case .warn = effect { warnings += 1 }
            }
        }
        #expect((5...11).contains(warnings))
    }

    @Test("a removed directory is made anew, with one warning")
    func removed() {
        var file = file()
        _ = append(&file, "a", after: 0)
        disk.removeAll()
        #expect(append(&file, "unseen", after: 0) == [])
        #expect(
            append(&file, "b", after: 1)
                == [.warn("the log file was removed or moved away; a new one is begun at \(Self.path)"), .tidy])
        #expect(append(&file, "c", after: 2) == [])
        #expect(current == "b\nc\n")
    }

    @Test("a place that cannot be opened is tried again now and then, with one warning")
    func closed() {
        disk.change { $0.refusesOpen = true }
        var file = file()
        #expect(
            append(&file, "a", after: 0)
                == [.warn("no log file is written until it can be opened: open \(Self.path): refused")])
        for second in 1..<100 { #expect(append(&file, "a", after: second) == []) }
        #expect(disk.state.withLock { $0.opens } == 20)
        disk.change { $0.refusesOpen = false }
        #expect(append(&file, "b", after: 100) == [.tidy, .recovered(lost: 100)])
        #expect(current == "b\n")
    }

    @Test("a file that cannot be put aside grows on, with one warning")
    func stuck() {
        disk.change { $0.refusesRename = true }
        var file = file(bytesMax: 20)
        var effects: [LogFile<FakeLogDisk>.Effect] = []
        for second in 0..<50 { effects += append(&file, "0123456789", after: second) }
        #expect(effects.count == 2 && current.count == 550)
        disk.change { $0.refusesRename = false }
        #expect(append(&file, "new", after: 120) == [.tidy])
        #expect(current == "new\n")
    }
}

@Suite("older parts of a log file")
struct LogBackupsTests {
    private static func name(_ day: Int, _ suffix: String = "") -> String {
        "styx-2025-11-\(day)T16-30-05.123456789.log\(suffix)"
    }

    @Test("where they are, and what they are called")
    func names() {
        for (path, directory, name) in [
            ("/var/log/styx.log", "/var/log", "styx-2025-11-29T16-30-05.123456789.log"),
            ("styx.log", ".", "styx-2025-11-29T16-30-05.123456789.log"),
            ("/styx", "/", "styx-2025-11-29T16-30-05.123456789"),
            ("./a.b/.log", "./a.b", ".log-2025-11-29T16-30-05.123456789"),
        ] {
            let backups = LogBackups(of: path)
            #expect(backups.directory == directory && backups.name(at: sampleTime) == name)
            // Its own names are known again.
            #expect(backups.plan([name]).compress == [name])
        }
        #expect(LogBackups(of: "/styx").path("a") == "/a")
    }

    @Test("ten are kept, compressed or not; the oldest go")
    func kept() {
        let backups = LogBackups(of: "/l/styx.log")
        let old = (10...18).map { Self.name($0, ".gz") }
        let plan = backups.plan((old + (19...22).map { Self.name($0) }).shuffled())
        #expect(plan.remove == (10...12).map { Self.name($0, ".gz") })
        #expect(plan.compress == (19...22).map { Self.name($0) })
    }

    @Test("what a crash left behind is cleared: half a copy, and an original beside its copy")
    func leftovers() {
        let plan = LogBackups(of: "/l/styx.log")
            .plan([Self.name(10), Self.name(11), Self.name(11, ".gz.part"), Self.name(10, ".gz")])
        #expect(plan.remove == [Self.name(10), Self.name(11, ".gz.part")])
        #expect(plan.compress == [Self.name(11)])
    }

    @Test("files of others are left alone")
    func others() {
        let plan = LogBackups(of: "/l/styx.log").plan([
            "styx.log", "styx-1.log", "styx-old.log.gz", "other-2025-11-10T16-30-05.123456789.log",
            "styx-2025-11-10T16-30-05.12345678x.log", "styx-2025-11-10T16-30-05.123456789.txt",
        ])
        #expect(plan == .init())
    }

    @Test("compressing goes on after one that cannot be")
    func tidy() {
        let disk = FakeLogDisk()
        disk.change { $0.files = ["/l/\(Self.name(10))": [1], "/l/styx.log": [2]] }
        let backups = LogBackups(of: "/l/styx.log")
        disk.change { $0.refusesCompress = true }
        #expect(backups.tidy(disk)?.reason == "refused" && disk.files.count == 2)
        disk.change { $0.refusesCompress = false }
        #expect(backups.tidy(disk) == nil)
        #expect(disk.files == ["/l/\(Self.name(10, ".gz"))": Array("gz:".utf8) + [1], "/l/styx.log": [2]])
    }
}
