import SSZ
import Testing

@testable import Node

@Suite("what this process' time and memory go into")
struct OwnProfileTests {
    @Test("reads a thread's line, whatever its name is")
    func thread() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194304 10 0 0 0 250 50 0 0 20 0 9 0 100 1000 10"
        let thread = OwnProfile.Thread(id: 42, stat: stat, ticksPerSecond: 100)
        #expect(thread?.name == "a (b) c" && thread?.userSeconds == 2.5 && thread?.systemSeconds == 0.5)
        for bad in ["", "42 (a", "42 (a) S 1 2", "42 )a( S 1 42 42 0 -1 4194304 10 0 0 0 250 50 0"] {
            #expect(OwnProfile.Thread(id: 42, stat: bad, ticksPerSecond: 100) == nil)
        }
    }

    @Test("reads sizes, and leaves out what is none")
    func sizes() {
        let text = "56-7f [rollup]\nRss:   1234 kB\nPrivate_Dirty:\t 5 kB\nThreads:\t9\nBig: 99999999999999999999 kB\n"
        #expect(MachineProbe.kibibytes(text) == ["Rss": 1234, "Private_Dirty": 5])
    }

    @Test("the page has this process' threads, memory and the loop's delays")
    func page() {
        let delays = [3, 1, 2].map { Duration.milliseconds($0) }
        let json = OwnProfile(loopDelays: delays, waiting: ["own": 2]).json
        #expect((json["threads"]?.array?.count ?? 0) >= 1)
        #expect(
            json["event_loop"] == ["delay_ms_median": .number("2.000"), "delay_ms_max": .number("3.000"), "samples": 3])
        #expect(json["crypto_jobs_waiting"] == ["own": 2])
        #expect((json["memory_bytes"]?["rss"]?.integer ?? 0) > 1_000_000)
    }

    @Test("looks for the nearest folder that exists, and leaves nothing there")
    func disk() throws {
        let files = try NodeFiles()
        let before = files.directory.names
        #expect(try #require(MachineProbe.freeBytes(at: files.directory.file("a/b/c.sqlite"))) > 0)
        #expect(MachineProbe.syncTimes(at: files.directory.file("a/b/c.sqlite"), count: 3).count == 3)
        #expect(files.directory.names == before)
        #expect(try #require(MachineProbe.memory()).totalBytes > 1 << 20)
    }
}
