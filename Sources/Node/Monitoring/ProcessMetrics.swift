import Foundation
import Prometheus
import Program

/// This process, as the operating system counts it.
struct ProcessMetrics: Sendable {
    private let cpu: Counter<NoLabels>
    private let openFiles: Gauge<NoLabels>
    private let openFilesMax: Gauge<NoLabels>
    private let resident: Gauge<NoLabels>
    private let virtual: Gauge<NoLabels>
    private let tasks: Gauge<NoLabels>
    private let allocated: Gauge<NoLabels>
    private let heap: Gauge<NoLabels>
    private let errors: Counter<Labels1<MetricLabels.LogTopic>>
    private let warnings: Counter<Labels1<MetricLabels.LogTopic>>
    private let lokiDropped: Counter<NoLabels>

    /// - Parameter startedAt: seconds since 1970.
    init(_ all: inout MetricRegistry, startedAt: Double) {
        all.gauge("process_start_time_seconds", "Start of this process, Unix seconds.").set(startedAt)
        cpu = all.counter("process_cpu_seconds_total", "Time on a processor, in seconds.")
        openFiles = all.gauge("process_open_fds", "Open files, sockets included.")
        openFilesMax = all.gauge("process_max_fds", "Files that may be open.")
        resident = all.gauge("process_resident_memory_bytes", "Memory in use.")
        virtual = all.gauge("process_virtual_memory_bytes", "Memory that is mapped.")
        // Names that dashboards made for Charon read. Source: operations.md §9.1.
        tasks = all.gauge("go_goroutines", "Threads of this process: tasks are not counted by its runtime.")
        allocated = all.gauge("go_memstats_alloc_bytes", "Memory in use that is no file's: no heap of Go's.")
        heap = all.gauge("go_memstats_heap_inuse_bytes", "Memory in use that is no file's: no heap of Go's.")
        all.histogram(
            "go_gc_duration_seconds", "Pauses for the collection of garbage: there are none here.", buckets: [1]
        ).know(NoLabels())
        errors = all.counter("app_log_error_total", "Errors in the log.", Labels1<MetricLabels.LogTopic>.self)
        warnings = all.counter("app_log_warn_total", "Warnings in the log.", Labels1<MetricLabels.LogTopic>.self)
        lokiDropped = all.counter("app_log_loki_dropped_total", "Log lines that did not reach Loki.")
        lokiDropped.add(0)
    }

    /// Reads it anew. What the system does not tell stays as it was.
    func collect() {
        for (topic, count) in LogTally.counts {
            errors.advance(to: Double(count.errors), .init(.init(value: topic)))
            warnings.advance(to: Double(count.warnings), .init(.init(value: topic)))
        }
        lokiDropped.advance(to: Double(LogTally.lokiDropped))
        if let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8), let usage = Usage(stat: stat) {
            cpu.advance(to: Double(usage.cpuTicks) / Double(sysconf(Int32(_SC_CLK_TCK))))
            virtual.set(Double(usage.virtualBytes))
            resident.set(Double(usage.residentPages) * Double(sysconf(Int32(_SC_PAGESIZE))))
        }
        if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) {
            if let bytes = MachineProbe.kibibytes(status)["RssAnon"].map({ Double($0 << 10) }) {
                allocated.set(bytes)
                heap.set(bytes)
            }
        }
        if let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") {
            tasks.set(Double(threads.count))
        }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            // The look at them is one of them.
            openFiles.set(Double(files.count - 1))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            openFilesMax.set(Double(limit.rlim_cur))
        }
    }

    /// Of `/proc/<pid>/stat`. Source: man proc_pid_stat.
    struct Usage: Equatable {
        let cpuTicks: UInt64
        let virtualBytes: UInt64
        let residentPages: UInt64

        init?(stat: String) {
            // The second field is the program's name in brackets, which may hold anything.
            guard let end = stat.lastIndex(of: ")") else { return nil }
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            guard fields.count > 21, let user = UInt64(fields[11]), let system = UInt64(fields[12]),
                let virtual = UInt64(fields[20]), let resident = UInt64(fields[21])
            else { return nil }
            cpuTicks = user + system
            virtualBytes = virtual
            residentPages = resident
        }
    }
}
