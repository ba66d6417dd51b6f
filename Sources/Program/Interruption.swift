import Dispatch
import Glibc

/// SIGINT and SIGTERM as an event, for a program with child processes that must not outlive it.
package enum Interruption {
    /// Returns at the first of these signals, or when cancelled; the process no longer dies of them meanwhile.
    package static func wait() async {
        let numbers = [SIGINT, SIGTERM]
        let (signals, sink) = AsyncStream.makeStream(of: Void.self)
        let sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { sink.yield() }
            source.resume()
            return source
        }
        for await _ in signals { break }
        for (number, source) in zip(numbers, sources) {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }
}
