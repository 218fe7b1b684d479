;; traps: AssemblyScript's abort with texts that are none: lengths beyond the memory, halves of pairs, what a terminal would obey
;; attacks: none
;; says: it trapped: abort: a�[2J�b (at �:4294967295:7)
(module
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (@custom "wagather.manifest" "gatherer 1 abort-tricks 0\n")
  (memory (export "memory") 1)
  ;; Sixteen bytes: a, escape, [, 2, J, a mark that turns the direction of writing around, b, and what is no string of it.
  (data (i32.const 60) "\0e\00\00\00a\00\1b\00[\002\00J\00\2e\20b\00")
  ;; Half of a pair.
  (data (i32.const 124) "\02\00\00\00\00\d8")
  (func (export "gather") (result i32)
    (call $abort (i32.const 64) (i32.const 128) (i32.const -1) (i32.const 7))
    (i32.const 0)))
