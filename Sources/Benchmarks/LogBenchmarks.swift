import LogSinks
import Logging
import Program

/// What a line of the log costs whoever writes it, and what it costs the thread that forms it.
enum LogBenchmarks {
    private struct Nowhere: LogDestination {
        mutating func write(_ records: [LogRecord]) {}
    }

    static func run(_ bench: inout Bench) throws {
        let names = ["log call", "log call not shown", "log form console", "log form logfmt", "log form json"]
        guard bench.wantsAny(of: names) else { return }
        let hub = LogHub(level: .info, stream: LogWriter(name: "nowhere") { Nowhere() })
        let logger = Logger(label: "tracker") { HubLogHandler(topic: $0, hub: hub) }
        let log = { (level: Logger.Level) in
            logger.log(
                level: level, "duty done",
                metadata: ["duty": "123/attester", "validators": "100", "since_decided": "12.5ms"])
        }
        bench.time(names[0], n: 3) { log(.info) }
        bench.time(names[1], n: 3) { log(.debug) }
        let record = LogRecord(
            time: SystemClock.now(), level: .info, topic: "tracker", message: "duty done",
            fields: [.init("duty", "123/attester"), .init("since_decided", "12.5ms"), .init("validators", "100")])
        for (name, format) in zip(names.dropFirst(2), LogFormat.allCases) {
            var layout = LogLayout(format)
            bench.time(name, n: 3) { keep(layout.line(record)) }
        }
        try require(hub.close(within: .seconds(10)), "the log's thread is stuck")
    }
}
