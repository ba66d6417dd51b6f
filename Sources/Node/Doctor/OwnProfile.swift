import Foundation
import SSZ

/// The page `/debug/tasks`: what this process' time and memory go into, as far as the operating system tells.
struct OwnProfile {
    struct Thread: Equatable {
        let id: Int
        let name: String
        /// On a processor, in user mode and in the kernel.
        let userSeconds: Double
        let systemSeconds: Double

        /// Of `/proc/self/task/<id>/stat`. Source: man proc_pid_stat.
        init?(id: Int, stat: String, ticksPerSecond: Double) {
            guard let start = stat.firstIndex(of: "("), let end = stat.lastIndex(of: ")"), start < end else {
                return nil
            }
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else { return nil }
            self.id = id
            name = String(stat[stat.index(after: start)..<end])
            userSeconds = Double(user) / ticksPerSecond
            systemSeconds = Double(system) / ticksPerSecond
        }
    }

    let threads: [Thread]
    /// Of `/proc/self/smaps_rollup`, in KiB.
    let memory: [String: UInt64]
    /// How late the event loop came, lately.
    let loopDelays: [Duration]
    /// By kind: work that waits for a crypto thread.
    let waiting: [String: Int]

    init(loopDelays: [Duration], waiting: [String: Int]) {
        let ids =
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task"))?.compactMap { Int($0) } ?? []
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        threads = ids.compactMap { id in
            (try? String(contentsOfFile: "/proc/self/task/\(id)/stat", encoding: .utf8)).flatMap {
                Thread(id: id, stat: $0, ticksPerSecond: ticks)
            }
        }
        memory = MachineProbe.kibibytes((try? String(contentsOfFile: "/proc/self/smaps_rollup", encoding: .utf8)) ?? "")
        self.loopDelays = loopDelays
        self.waiting = waiting
    }

    /// The busiest thread first. Seconds, milliseconds and bytes, as the names say.
    var json: JSONValue {
        let busiest = threads.sorted {
            ($1.userSeconds + $1.systemSeconds, $0.id) < ($0.userSeconds + $0.systemSeconds, $1.id)
        }
        let delays = loopDelays.sorted()
        return [
            "threads": .array(
                busiest.map { thread in
                    [
                        "id": JSONValue(thread.id), "name": .string(thread.name),
                        "user_seconds": Self.number(thread.userSeconds),
                        "system_seconds": Self.number(thread.systemSeconds),
                    ]
                }),
            "event_loop": [
                "delay_ms_median": delays.isEmpty ? .null : Self.milliseconds(delays[delays.count / 2]),
                "delay_ms_max": delays.last.map(Self.milliseconds) ?? .null,
                "samples": JSONValue(delays.count),
            ],
            "crypto_jobs_waiting": .object(JSONObject(waiting.sorted { $0.key < $1.key }.map { ($0, JSONValue($1)) })),
            "memory_bytes": .object(
                JSONObject(
                    memory.sorted { $0.key < $1.key }.map { (Self.snakeCase($0.key), JSONValue($0.value << 10)) })),
        ]
    }

    private static func milliseconds(_ duration: Duration) -> JSONValue { number(duration / .milliseconds(1)) }

    private static func number(_ value: Double) -> JSONValue { .number(String(format: "%.3f", value)) }

    /// `Private_Dirty` as `private_dirty`.
    private static func snakeCase(_ name: String) -> String { name.lowercased() }
}
