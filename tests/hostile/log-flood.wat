;; returns 0: log lines have a budget, and none of them can play with a terminal or fill the report
;; attacks: log
(module
  (import "wagather_v1" "log" (func $log (param i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 log-flood 0\n")
  (memory (export "memory") 1)
  (data (i32.const 0) "\1b[2Jline\n\ff\00\9b")
  (func (export "gather") (result i32) (local $count i32) (local $got i32)
    (loop $more
      ;; Of all levels in turn, those that do not exist included.
      (local.set $got (call $log (i32.sub (i32.rem_u (local.get $count) (i32.const 7)) (i32.const 2)) (i32.const 0) (i32.const 12)))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (if (i32.and (i32.le_u (local.get $count) (i32.const 1000)) (i32.ne (local.get $got) (i32.const 0)))
        (then (return (i32.const 1))))
      (if (i32.and (i32.gt_u (local.get $count) (i32.const 1000)) (i32.ne (local.get $got) (i32.const -7)))
        (then (return (i32.const 2))))
      (br_if $more (i32.lt_u (local.get $count) (i32.const 20000))))
    (i32.const 0)))
