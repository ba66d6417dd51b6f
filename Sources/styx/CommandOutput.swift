import Cluster
import ClusterSetup
import Foundation
import UnixSignals

/// A line on standard error: what a program that reads the output does not want.
@Sendable
func note(_ line: String) { Terminal.write(line) }

/// What to do next, on standard error.
func note(nextSteps steps: [String]) {
    guard !steps.isEmpty else { return }
    note("\nNext:")
    for step in steps { note("  • " + step) }
}

/// Says what a threshold other than the usual one, ceil(2n/3), costs.
func warn(threshold: Int, nodes: Int) {
    let usual = ClusterOptions.defaultThreshold(nodes: nodes)
    guard threshold != 0, threshold <= nodes, threshold != usual else { return }
    let cost =
        threshold < usual
        ? "\(threshold) operators who collude, or whose keys leak, can sign anything, and get validators slashed"
        : "the validators stand still with \(nodes - threshold + 1) of \(nodes) nodes down"
    note("warning: --threshold \(threshold) instead of the usual \(usual): \(cost)")
}

/// Turns errors into what people get to see, with the command's name in front.
func failing<R>(_ command: String, _ body: () async throws -> R) async throws -> R {
    do {
        return try await body()
    } catch let failure as CommandFailure {
        throw CommandFailure("\(command): \(failure)")
    } catch is CancellationError {
        throw CommandFailure("\(command): interrupted; nothing was made")
    } catch {
        throw CommandFailure("\(command): \(error)")
    }
}

/// Runs until done, or until the user or the system wants the program to end: then the work is cancelled and gets to
/// clean up. Work that is done all the same counts; otherwise it ends in `CancellationError`. A second signal has no
/// more effect than the first.
func untilInterrupted<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    return try await withThrowingTaskGroup(of: R?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            for await _ in signals { break }
            return nil
        }
        defer { group.cancelAll() }
        var isInterrupted = false
        do {
            while let result = try await group.next() {
                if let result { return result }
                isInterrupted = true
                group.cancelAll()
            }
        } catch {
            // What others hold now, the user must hear in any case.
            throw isInterrupted && !(error is PartialImport) ? CancellationError() : error
        }
        throw CancellationError()
    }
}
