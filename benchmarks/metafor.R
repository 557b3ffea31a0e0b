# Time metafor on the data that benchmarks/speed.py writes: Rscript metafor.R WORK FILE UNITS
# Prints CPU seconds (user and system) a unit. Called by speed.py, one work at a time, so that the tools take turns.
suppressMessages(library(metafor))
given <- commandArgs(trailingOnly = TRUE)
work <- given[1]
data <- read.csv(given[2])
units <- as.integer(given[3])
cpu <- function(run) {
  time <- system.time(run())
  cat((time[["user.self"]] + time[["sys.self"]]) / units, "\n")
}
quiet <- function(expression) suppressWarnings(try(expression, silent = TRUE))
set.seed(1)
if (work == "one") cpu(function() for (i in seq_len(units)) {
  fit <- rma(y, v, data = data, method = "REML", test = "knha"); confint(fit); predict(fit)
})
if (work == "batch") {
  groups <- split(data, data$group)[seq_len(units)]
  cpu(function() for (group in groups) quiet(rma(y, v, data = group, method = "REML", test = "knha")))
}
if (work %in% c("subsets_REML", "subsets_DL")) {
  method <- sub("subsets_", "", work)
  picks <- lapply(seq_len(units), function(i) { repeat { s <- runif(nrow(data)) < 0.5; if (sum(s) > 1) return(s) } })
  cpu(function() for (s in picks) quiet(rma(data$y[s], data$v[s], method = method)))
}
if (work == "parametric") {
  fit <- rma(y, v, data = data, method = "REML")
  cpu(function() for (i in seq_len(units)) {
    y <- rnorm(nrow(data), coef(fit), sqrt(data$v + fit$tau2)); quiet(rma(y, data$v, method = "REML", test = "knha"))
  })
}
if (work == "cluster") cpu(function() for (i in seq_len(units)) {
  s <- sample(nrow(data), replace = TRUE); quiet(rma(data$y[s], data$v[s], method = "REML"))
})
if (work == "smd") cpu(function() for (i in seq_len(units)) {
  escalc("SMD", m1i = m1, sd1i = s1, n1i = n1, m2i = m2, sd2i = s2, n2i = n2, data = data)
})
three <- function(rows, sparse) rma.mv(y, v, random = ~ 1 | study / row, data = rows, sparse = sparse)
if (work == "three_level") cpu(function() for (i in seq_len(units)) three(data, FALSE))
if (work == "three_level_sparse") cpu(function() for (i in seq_len(units)) three(data, TRUE))
if (work == "three_level_grown") {
  # Too slow for all rows: timed on a fifth and two fifths of them, and scaled by the growth between these.
  part <- round(nrow(data) * c(0.2, 0.4))
  taken <- sapply(part, function(n) { t <- system.time(three(data[seq_len(n), ], TRUE)); t[["user.self"]] + t[["sys.self"]] })
  growth <- log(taken[2] / taken[1]) / log(part[2] / part[1])
  cat(taken[2] * (nrow(data) / part[2])^growth, "\n")
}
if (work == "che") cpu(function() for (i in seq_len(units)) {
  known <- vcalc(v, cluster = study, obs = row, rho = 0.6, data = data, sparse = TRUE)
  fit <- rma.mv(y, known, random = ~ 1 | study / row, data = data, sparse = TRUE)
  robust(fit, cluster = data$study, clubSandwich = TRUE)
})
if (work == "specifications") {
  picks <- lapply(seq_len(units), function(i) { repeat { s <- runif(nrow(data)) < 0.5; if (sum(s) > 2) return(s) } })
  cpu(function() for (i in seq_len(units)) {
    s <- picks[[i]]; quiet(rma(data$y[s], data$v[s], method = c("EE", "DL", "REML")[i %% 3 + 1]))
  })
}
if (work == "permutation") {
  fit <- rma(y, v, mods = ~ x, data = data, method = "REML")
  cpu(function() for (i in seq_len(units)) quiet(rma(sample(data$y), data$v, mods = ~ data$x, method = "REML")))
}
