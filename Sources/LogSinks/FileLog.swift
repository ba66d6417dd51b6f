import Dispatch
import Ethereum
import Logging
import Program

/// Writes a log file and tells of its troubles.
package struct FileLog: LogDestination {
    /// Written at once: what is lost together when the disk is full.
    private static let chunkBytes = 32 << 10

    private var layout: LogLayout
    private var file: LogFile<FileDisk>
    /// For its own troubles; asked when there are some.
    private let logger: @Sendable () -> Logger
    /// Compressing takes seconds. One at a time.
    private let tidying = DispatchQueue(label: "styx.log.backups", qos: .utility)

    package init(path: String, _ layout: LogLayout, logger: @escaping @Sendable () -> Logger) {
        self.layout = layout
        self.logger = logger
        file = LogFile(path: path, disk: FileDisk())
    }

    package mutating func write(_ records: [LogRecord]) {
        var lines: [UInt8] = []
        var count = 0
        for record in records {
            lines += layout.line(record)
            lines.append(UInt8(ascii: "\n"))
            count += 1
            guard lines.count >= Self.chunkBytes else { continue }
            append(lines, count)
            lines.removeAll(keepingCapacity: true)
            count = 0
        }
        if count > 0 { append(lines, count) }
    }

    private mutating func append(_ lines: [UInt8], _ count: Int) {
        for effect in file.append(lines, count: count, at: .now, wallTime: SystemClock.now()) {
            switch effect {
            case .warn(let what): logger().warning("\(what)")
            case .recovered(let lost): logger().info("the log file is written again", metadata: ["lost": "\(lost)"])
            case .tidy: tidy()
            }
        }
    }

    private func tidy() {
        tidying.async { [backups = file.backups, logger] in
            if let fault = backups.tidy(FileDisk()) {
                logger().warning("compress an older part of the log file", metadata: ["error": "\(fault)"])
            }
        }
    }
}

extension LogBackups {
    /// Compresses what is not compressed and removes what is too old.
    ///
    /// - Returns: the first of what went wrong.
    func tidy(_ disk: some LogDisk) -> DiskFault? {
        let plan = plan(disk.names(in: directory))
        for name in plan.remove { disk.remove(path(name)) }
        var first: DiskFault?
        for name in plan.compress {
            do throws(DiskFault) {
                try disk.compress(path(name), to: path(name + Self.compressed))
                disk.remove(path(name))
            } catch {
                first = first ?? error
            }
        }
        return first
    }
}
