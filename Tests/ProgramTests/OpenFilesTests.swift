import Foundation
import Testing

@testable import Program

@Suite("Files that may be open")
struct OpenFilesTests {
    @Test(
        "what the system grants is asked for, up to what is wanted, and nothing is given away",
        arguments: [
            (1024, 524_288, 65_536), (1024, 4096, 4096), (1024, .max, 65_536), (20_000, 20_000, nil),
            (100_000, 200_000, nil), (.max, .max, nil),
        ] as [(UInt64, UInt64, UInt64?)])
    func raised(current: UInt64, max: UInt64, expected: UInt64?) {
        #expect(OpenFiles.raised(current, max: max) == expected)
    }

    @Test("the process gets it")
    func process() throws {
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        try #require(getrlimit(files, &limit) == 0)
        let most = min(UInt64(limit.rlim_max), OpenFiles.wanted)
        // As little less as will do: other tests run meanwhile.
        limit.rlim_cur = rlim_t(most - 1)
        try #require(setrlimit(files, &limit) == 0)
        OpenFiles.raiseLimit()
        try #require(getrlimit(files, &limit) == 0)
        #expect(UInt64(limit.rlim_cur) == most)
    }
}
