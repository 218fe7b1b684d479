;; returns 0: memory grows to the run's limit and not beyond; the guest is told, and all that it got can be written
;; attacks: none
;; options: --memory 1Mi
(module
  (@custom "wagather.manifest" "gatherer 1 memory-bomb 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (local $at i32)
    (if (i32.ne (memory.grow (i32.const 65535)) (i32.const -1)) (then (return (i32.const 1))))
    (if (i32.ne (memory.grow (i32.const 0x7fffffff)) (i32.const -1)) (then (return (i32.const 2))))
    (if (i32.ne (memory.grow (i32.const 16)) (i32.const -1)) (then (return (i32.const 3))))
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (if (i32.ne (memory.size) (i32.const 16)) (then (return (i32.const 4))))
    (loop $pages
      (i32.store (local.get $at) (i32.const -1))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $pages (i32.lt_u (local.get $at) (i32.const 1048576))))
    (i32.const 0)))
